import Testing

@testable import Serving

@Suite struct AddressCheckTests {
    @Test(arguments: [
        ("/", true), ("/predict", true), ("/models/org/name", true), ("/models/a%20b", true),
        ("/a%2Eb/c", true),
        ("/models/%F0%9F%99%82", true), ("/a//b", true), ("/...", true),
        ("/a%2Fb", true), ("/a%2fb", true), ("/a%2F..%2Fb", false), ("/%2E%2e%2fb", false), ("/a%2F.", false),
        ("/a%5Cb", false), ("/a\\b", false), ("/a%00", false), ("/a%0A", false),
        ("/../etc", false), ("/a/..", false), ("/a/%2e%2E/b", false), ("/./a", false), ("/a%", false),
        ("/a%4", false),
        ("/a%zz", false), ("/a%7F", false),
    ])
    func `only paths with one reading pass`(path: String, passes: Bool) {
        #expect(isPlainPath(path) == passes)
    }

    @Test(arguments: [
        ("models.example.com", true), ("MODELS.example.com:8080", true), ("a.apps.example.com", true),
        ("apps.example.com", false), ("localhost:3000", true), ("localhost:3001", false),
        ("localhost", false),
        ("[::1]:80", true), ("[::1]", true), ("evil.com", false), ("models.example.com.evil.com", false),
        ("models.example.com:80:80", false), ("", false),
    ])
    func `only listed hosts are answered`(host: String, isAllowed: Bool) {
        let check = HostCheck<ServingContext>([
            "models.example.com", "*.apps.example.com", "localhost:3000", "[::1]",
        ])
        #expect(check.allows(host) == isAllowed)
    }
}
