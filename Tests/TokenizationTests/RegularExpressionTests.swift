import Foundation
import TestSupport
import Testing

@testable import Tokenization

struct RegularExpressionTests {
    private struct File: Decodable {
        struct Case: Decodable {
            var pattern: String
            /// For each text, the ranges of its non-empty matches, in scalars.
            var found: [[[Int]]]
        }

        var texts: [String]
        var cases: [Case]
    }

    @Test func `matches equal those of tokenizers' engine`() throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/regexes/cases.json")
        let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: url))
        #expect(file.cases.count > 150)
        for expected in file.cases {
            let regex = try RegularExpression(expected.pattern)
            for (text, ranges) in try paired(file.texts, expected.found) {
                let found = Self.matches(of: regex, in: text).filter { !$0.isEmpty }
                #expect(
                    found.map { [$0.lowerBound, $0.upperBound] } == ranges,
                    "\(expected.pattern) in \(text)"
                )
            }
        }
    }

    @Test(arguments: [
        ("(a", 0), ("a)", 1), ("a|*", 2), ("[a", 0), ("[]", 0), ("[z-a]", 2), ("[[:foo:]]", 1), ("x\\", 1),
        ("a(?qb)", 3), ("\\x{110000}", 0), ("(a)\\2", 3), ("\\k<n>", 0),
    ])
    func `an invalid expression is an error with its position`(pattern: String, offset: Int) {
        #expect { try RegularExpression(pattern) } throws: { ($0 as? RegexFault)?.offset == offset }
    }

    @Test(arguments: [
        "\\X", "a\\K", "(?~abc)", "(?(1)a|b)", "\\g<1>", "(?{x})", "\\p{NoSuchScript}",
        "(?:(?:ab){1000}){1000}", "a{3,2}",
        String(repeating: "(", count: 5000) + String(repeating: ")", count: 5000),
        String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000),
    ])
    func `an unsupported expression is reported as unsupported`(pattern: String) {
        #expect { try RegularExpression(pattern) } throws: { ($0 as? RegexFault)?.isUnsupported == true }
    }

    @Test(arguments: [
        "(a+)+$", "(a|a)*b", "(?:a|aa)+c", "(?:(?:a*)*)*b", "(?=(a+)+c)b", "(.*)*\\1x", "\\s*\\s*\\s*x",
    ])
    func `an expression with exponential backtracking ends`(pattern: String) throws {
        let regex = try RegularExpression(pattern)
        let found = Self.matches(of: regex, in: String(repeating: "a", count: 60) + "!")
        #expect(found.filter { !$0.isEmpty }.isEmpty)
    }

    @Test(arguments: [#"\p{L}+"#, #"(?:\p{L}|\d\d)+"#, #"(?:ab?)+"#, #"(?<=a)a"#, ".*?$"])
    func `a long word does not need a deep stack`(pattern: String) throws {
        let regex = try RegularExpression(pattern)
        let text = String(repeating: "a", count: 300_000)
        #expect(Self.matches(of: regex, in: text).map(\.count).reduce(0, +) >= 299_999)
    }

    @Test func `an error in a tokenizer names the position in the file and in the expression`() throws {
        let json = """
            {"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}, "pre_tokenizer": {"type": "Split",
            "pattern": {"Regex": "ab\\\\X"}, "behavior": "Isolated"}}
            """
        #expect {
            try Tokenizer(files: TokenizerFiles(tokenizer: Array(json.utf8)))
        } throws: { error in
            let error = error as? TokenizerError
            return error?.code == .unsupported
                && error?.message.contains("$.pre_tokenizer.pattern.Regex") == true
                && error?.message.contains("character 3") == true
        }
    }

    /// The matches, in scalars.
    private static func matches(of regex: RegularExpression, in text: String) -> [Range<Int>] {
        var scalarAt: [Int] = []
        var count = -1
        for byte in text.utf8 {
            if byte & 0xC0 != 0x80 { count += 1 }
            scalarAt.append(count)
        }
        scalarAt.append(count + 1)
        var result: [Range<Int>] = []
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            regex.visitMatches(in: bytes, 0..<bytes.count) {
                result.append(scalarAt[$0.lowerBound]..<scalarAt[$0.upperBound])
            }
        }
        return result
    }
}
