import JSON
import Testing

/// Documents as flat lists of nodes.
struct DocumentTests {
    private func root(_ text: String) throws -> JSONDocument.Value {
        try JSONDocument(parsing: Array(text.utf8), .tokenizer).root
    }

    @Test func `values have a kind, a text and a path`() throws {
        let root = try root(#"{"a": [null, true, -1.50, "x\ty", {"b": {}}], "c": 3e2}"#)
        let elements = try #require(root["a"]).elements
        #expect(elements.map(\.kind) == [.null, .bool, .number, .string, .object])
        #expect(elements.map(\.path) == ["$.a[0]", "$.a[1]", "$.a[2]", "$.a[3]", "$.a[4]"])
        #expect(elements[1].bool == true && elements[2].number == -1.5 && elements[2].integer == nil)
        #expect(elements[3].string == "x\ty" && elements[4]["b"]?.path == "$.a[4].b")
        #expect(root["c"]?.integer == 300 && root["d"] == nil && elements[0].isNull)
    }

    @Test func `members keep their order, and the last of a repeated name counts`() throws {
        let root = try root("{\"b\": 1, \"é\": 2, \"b\": 3, \"e\u{301}\": 4, \"n\": 5, \"n\": null}")
        let names = ["b", "é", "b", "e\u{301}", "n", "n"]
        #expect(root.members.map { Array($0.name.utf8) } == names.map { Array($0.utf8) })
        #expect(root["b"]?.integer == 3 && root["é"]?.integer == 2 && root["e\u{301}"]?.integer == 4)
        // Null hides the earlier value, as if the member were missing.
        #expect(root["n"] == nil)
    }

    @Test func `a string without escapes is not copied`() throws {
        let text = #"["plain é", "\u0041\"", "\ud83d\ude00"]"#
        let document = try JSONDocument(parsing: Array(text.utf8), .tokenizer)
        #expect(Array(document.bytes.dropFirst(text.utf8.count)) == Array("A\"😀".utf8))
        #expect(document.root.elements.map(\.string) == ["plain é", "A\"", "😀"])
    }

    @Test func `errors have a line and a column`() throws {
        let source = Array("{\"a\": 1,\n \"é\" 2}".utf8)
        #expect {
            try JSONDocument(parsing: source, .tokenizer)
        } throws: { error in
            guard let fault = error as? JSONFault else { return false }
            return fault.reason == .colon && fault.place(in: source) == (2, 7)
        }
    }
}
