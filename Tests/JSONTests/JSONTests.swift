import JSON
import Testing

struct JSONTests {
    @Test func `unchanged documents are written as they were read`() throws {
        let text = #"{"b":[1.50,-2e-05,null,true],"a":{"é":"\n\"\\😀"},"b2":""}"#
        #expect(try JSONValue.parse(text.utf8).compact == text)
    }

    @Test func `formatted as Python's json dumps with sorted keys and an indent of two`() throws {
        let value: JSONValue = .object([
            "b": .array([.int(1), .object([:])]), "a": .string("é😀"), "c": .array([]),
        ])
        #expect(
            value.formatted == """
                {
                  "a": "\\u00e9\\ud83d\\ude00",
                  "b": [
                    1,
                    {}
                  ],
                  "c": []
                }

                """
        )
    }

    @Test func `canonically equivalent names stay distinct`() throws {
        let object = try #require(try JSONValue.parse("{\"é\":1,\"e\u{301}\":2}".utf8).object)
        #expect(object["é"] == .int(1) && object["e\u{301}"] == .int(2))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\" 1}", "nul", "01x", "\"\\ud800\"", "\"\u{1}\"", "[1] 2", "NaN", "+1", "\"abc",
    ])
    func `invalid JSON is rejected`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue.parse(text.utf8) }
    }

    @Test func `deep nesting is rejected`() {
        let text = String(repeating: "[", count: 1_000_000)
        #expect { try JSONValue.parse(text.utf8) } throws: { "\($0)" == "nested too deeply at byte 256" }
    }
}
