import Testing

@testable import Serving

@Suite struct APIKeyTests {
    @Test(arguments: [
        ("Bearer secret", true), ("bearer secret", true), ("BEARER secret", true), ("Bearer  secret", false),
        ("Bearer secret ", false), ("Bearer Secret", false), ("secret", false), ("Basic secret", false),
        ("", false),
        ("Bearer", false), ("Bearer ", false), ("Bearer secre", false), ("Bearer secrets", false),
        (nil, false),
    ])
    func `only the exact key matches`(authorization: String?, matches: Bool) {
        #expect(APIKey("secret").matches(authorization) == matches)
    }

    @Test func `a key is never printed`() {
        let key = APIKey("secret")
        #expect("\(key)" == "API key")
        #expect("\([key])".contains("secret") == false)
    }

    @Test func `bytes are compared completely`() {
        #expect(equalInConstantTime([], []))
        #expect(equalInConstantTime([1, 2, 3], [1, 2, 3]))
        #expect(!equalInConstantTime([1, 2, 3], [1, 2]))
        let bytes = [UInt8](repeating: 7, count: 64)
        for index in bytes.indices {
            for bit in 0..<8 {
                var other = bytes
                other[index] ^= 1 << bit
                #expect(!equalInConstantTime(bytes, other))
            }
        }
        // Two differences must not cancel each other.
        #expect(!equalInConstantTime([1, 1], [3, 3]))
    }
}
