import JSON
import Testing

@testable import Tokenization

/// Errors in a tokenizer's JSON files give the line and the column.
struct JSONErrorTests {
    @Test(arguments: [
        ("", 1, 1, "the text ends too early"), ("[1,\n 2", 2, 3, "the text ends too early"),
        ("{\"a\":", 1, 6, "the text ends too early"), ("[1, x]", 1, 5, "expected a value"),
        ("[\n\nnul]", 3, 1, "expected 'null'"), ("[1 2]", 1, 4, "expected ',' or ']'"),
        ("{\"a\": 1 ]", 1, 9, "expected ',' or '}'"), ("{\"a\" 1}", 1, 6, "expected ':'"),
        ("{a: 1}", 1, 2, "expected a member's name in double quotes"),
        ("{", 1, 2, "expected a member's name in double quotes"),
        ("[\"ab", 1, 2, "an unterminated string"), ("\"ab\\", 1, 4, "an unterminated string"),
        ("\"a\\u12\"", 1, 5, "an unterminated string"),
        ("\"é\n\"", 1, 4, "a control character in a string"),
        ("\"a\\x\"", 1, 3, "an unknown escape in a string"),
        ("\"a\\u00g0\"", 1, 7, "expected a hexadecimal digit"),
        ("\"a\\ud83d\\u0041\"", 1, 3, "a lone surrogate, which is not a character"),
        ("1 2", 1, 3, "text after the end of the value"),
    ])
    func `the error is found where it is`(text: String, line: Int, column: Int, reason: String) {
        #expect(
            throws: TokenizerError(
                .corrupt,
                "Not valid JSON at line \(line), column \(column): \(reason)."
            )
        ) { _ = try JSONDocument(parsing: Array(text.utf8)) }
    }

    @Test func `nesting and encoding are checked`() {
        let deep = Array(String(repeating: "[", count: 200).utf8)
        #expect(
            throws: TokenizerError(
                .corrupt,
                "Not valid JSON at line 1, column 129: nested deeper than 128 levels."
            )
        ) { _ = try JSONDocument(parsing: deep) }
        #expect(
            throws: TokenizerError(
                .corrupt,
                "Not valid JSON at line 1, column 3: a string that is not UTF-8."
            )
        ) { _ = try JSONDocument(parsing: [0x20, 0x22, 0xFF, 0x22]) }
    }
}
