import JSON
import Testing

/// The common behaviour of the readers, and their differences: documents, tokenizer files, and rows of data.
struct DialectTests {
    private enum Reader { case document, python, tokenizer, rows }

    private func readers(of text: String) -> Set<Reader> {
        let bytes = Array(text.utf8)
        var found: Set<Reader> = []
        if (try? JSONValue.parse(bytes)) != nil { found.insert(.document) }
        if (try? JSONValue.parse(bytes, allowingNonFinite: true)) != nil { found.insert(.python) }
        if (try? JSONDocument(parsing: bytes, .tokenizer)) != nil { found.insert(.tokenizer) }
        bytes.withUnsafeBufferPointer {
            var scanner = JSONScanner($0)
            if scanner.skipValue(), scanner.isAtEnd() { found.insert(.rows) }
        }
        return found
    }

    @Test(arguments: [
        "null", " true\n", "-0", "0.5e-3", "1e999", "123456789012345678901234567890", "[]", "{}",
        #"{"a": [1, {"a": "\u00e9\ud83d\ude00\/"}], "a": "é"}"#, "\t[ 1 ,\r\n2 ] ",
    ])
    func `JSON is read by all`(text: String) {
        #expect(readers(of: text) == [.document, .python, .tokenizer, .rows])
    }

    @Test(arguments: [
        "", " ", "tru", "nulL", "-NaN", "nan", "Infinit", "[1,]", "[,1]", "{\"a\"}", "{a: 1}", "{\"a\": 1,}",
        "[1 2]", "1 2", "]", "\"", "\"\\", "\"a\nb\"", "\"\\x\"", "\"\\u12\"", "\"\\u00g0\"", "\"\\u+041\"",
        "\"\\u-000\"", "\"\\ud83d\\u00\"", "\u{B}1", "1\u{0}", "'a'", "0x10",
    ])
    func `text that is not JSON is read by none`(text: String) {
        #expect(readers(of: text) == [])
    }

    @Test func `non-finite numbers are read as Python writes them, but not in documents and tokenizers`() {
        for text in ["NaN", "Infinity", "-Infinity", "[NaN, -Infinity]"] {
            #expect(readers(of: text) == [.python, .rows], "\(text)")
        }
    }

    @Test func `numbers are strict in rows, and read by Swift in documents`() {
        for text in ["01", "1.", ".5", "-01"] {
            #expect(readers(of: text) == [.document, .python, .tokenizer], "\(text)")
        }
        // Whether a tokenizer's number is one is decided when it is used.
        for text in ["1.2.3", "--1", "+1", "1e"] { #expect(readers(of: text) == [.tokenizer], "\(text)") }
    }

    @Test func `half of a surrogate pair is accepted in rows only`() {
        for text in [#""\ud800""#, #""\udc00""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\u0041""#] {
            #expect(readers(of: text) == [.rows], "\(text)")
        }
    }

    @Test func `a byte-order mark is accepted in tokenizers only`() {
        #expect(readers(of: "\u{FEFF}1") == [.tokenizer])
        #expect(readers(of: "1\u{FEFF}") == [])
    }

    @Test func `nesting is limited to 256 levels, and to 128 in tokenizers`() {
        func nested(_ depth: Int, _ inner: String) -> Set<Reader> {
            readers(
                of: String(repeating: "[", count: depth) + inner + String(repeating: "]", count: depth)
            )
        }
        #expect(nested(128, "") == [.document, .python, .tokenizer, .rows])
        #expect(nested(128, "1") == [.document, .python, .tokenizer, .rows])
        #expect(nested(129, "") == [.document, .python, .rows])
        #expect(nested(255, "1") == [.document, .python, .rows])
        #expect(nested(256, "") == [.document, .python, .rows])
        #expect(nested(256, "1") == [])
        #expect(nested(257, "") == [])
    }

    @Test func `text that is not UTF-8 is rejected in documents and tokenizers`() {
        for wrong: [UInt8] in [[0xC3], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xC3, 0x5C, 0x6E]] {
            let bytes = [0x22] + wrong + [0x22]
            #expect { try JSONValue.parse(bytes) } throws: { "\($0)" == "not UTF-8 at byte \(bytes.count)" }
            #expect { try JSONDocument(parsing: bytes, .tokenizer) } throws: {
                ($0 as? JSONFault)?.reason == .encoding
            }
        }
    }

    @Test(arguments: [
        ("", "expected a value at byte 0"), ("[1, x]", "expected a value at byte 4"),
        ("{\"a\": +1}", "expected a value at byte 6"), ("[nul]", "expected a value at byte 1"),
        ("[1 2]", "expected , or ] at byte 3"), ("{\"a\": 1", "expected , or } at byte 7"),
        ("{a: 1}", "expected a quoted name at byte 1"), ("{\"a\" 1}", "expected : at byte 5"),
        ("\"ab", "a string without its closing quote at byte 3"),
        ("\"ab\\", "a string without its closing quote at byte 4"),
        ("\"a\n\"", "a control character in a string at byte 3"),
        ("\"a\\x\"", "an unknown escape at byte 4"),
        ("\"a\\u12\"", "expected four hexadecimal digits at byte 4"),
        ("\"\\ud83d\\u00x0\"", "expected four hexadecimal digits at byte 9"),
        ("\"\\ud83d\\u0041\"", "half a surrogate pair at byte 13"),
        ("\"\\ude00\"", "half a surrogate pair at byte 7"),
        ("1 2", "expected the end of the document at byte 2"),
    ])
    func `errors give the byte`(text: String, message: String) {
        #expect { try JSONValue.parse(text.utf8) } throws: { "\($0)" == message }
    }
}
