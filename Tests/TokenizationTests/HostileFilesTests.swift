import Testing

@testable import Tokenization

/// Malicious files: each is an error with its position, or harmless.
struct HostileFilesTests {
    private func open(_ json: String) throws -> Tokenizer {
        try Tokenizer(files: TokenizerFiles(tokenizer: Array(json.utf8)))
    }

    private static let model = #""model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"}"#

    @Test(arguments: ["[", "{\"a\":", "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":["])
    func `a hundred megabytes of nesting are refused at the depth limit`(opening: String) {
        let source = Array(String(repeating: opening, count: 100_000_000 / opening.utf8.count).utf8)
        #expect {
            try Tokenizer(files: TokenizerFiles(tokenizer: source))
        } throws: {
            ($0 as? TokenizerError)?.message.contains("nested deeper than 128") == true
        }
    }

    @Test(arguments: [
        (#"{"model": {"type": "BPE", "vocab": {"a": 4294967296}, "merges": []}}"#, #"$.model.vocab["a"]"#),
        (#"{"model": {"type": "BPE", "vocab": {"a": 1.5}, "merges": []}}"#, #"$.model.vocab["a"]"#),
        (#"{"model": {"type": "BPE", "vocab": {"a": "0"}, "merges": []}}"#, #"$.model.vocab["a"]"#),
        (#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}}"#, "$.model.merges[0]"),
        (#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": {"a": 1}}}"#, "$.model.merges"),
        (#"{"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": 7}}"#, "unk_id is 7"),
        (#"{"model": {"type": "Unigram", "vocab": [["a", "b"]], "unk_id": 0}}"#, "$.model.vocab[0]"),
        (#"{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "x"}}"#, "unk_token is 'x'"),
        (#"{"model": {"type": "WordPiece", "vocab": [], "unk_token": "x"}}"#, "$.model.vocab"),
    ])
    func `ids out of range and wrong types are errors with their JSON path`(json: String, place: String) {
        #expect { try open(json) } throws: { ($0 as? TokenizerError)?.message.contains(place) == true }
    }

    @Test(arguments: [
        (#""pre_tokenizer": {"type": "FixedLength", "length": 0}"#, "$.pre_tokenizer"),
        (#""pre_tokenizer": {"type": "FixedLength", "length": -3}"#, "$.pre_tokenizer.length"),
        (
            #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated"}"#,
            "pattern.Regex"
        ),
        (
            #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Explode"}"#,
            "behavior"
        ),
        (
            #""pre_tokenizer": {"type": "Split", "pattern": 7, "behavior": "Isolated"}"#,
            "$.pre_tokenizer.pattern"
        ),
        (
            #""normalizer": {"type": "Replace", "pattern": {"Regex": "[z-a]"}, "content": ""}"#,
            "$.normalizer.pattern.Regex"
        ),
        (
            #""normalizer": {"type": "Precompiled", "precompiled_charsmap": "/////w=="}"#,
            "precompiled_charsmap"
        ),
        (
            #""post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x", "type_id": 0}}], "pair": []}"#,
            "$.post_processor.single"
        ),
        (
            #""post_processor": {"type": "BertProcessing", "sep": ["a", -1], "cls": ["a", 0]}"#,
            "$.post_processor.sep[1]"
        ),
        (#""decoder": {"type": "Strip", "content": "ab", "start": 0, "stop": 0}"#, "$.decoder.content"),
        (#""added_tokens": [{"id": 0}]"#, "$.added_tokens[0]"),
    ])
    func `a stage with an invalid value is an error with its JSON path`(stage: String, place: String) {
        #expect {
            try open("{\(Self.model), \(stage)}")
        } throws: {
            ($0 as? TokenizerError)?.message.contains(place) == true
        }
    }

    @Test func `the last of two merges of one pair counts, and empty merges are harmless`() throws {
        let tokenizer = try open(
            #"{"model": {"type": "BPE", "vocab": {"": 0, "a": 1, "b": 2, "ab": 3, "bab": 4, "abab": 5, "aba": 6},"#
                + #""merges": ["a b", ["b", "ab"], ["", "a"], "a b", ["ab", "ab"], ["", ""]]}}"#
        )
        #expect(tokenizer.encode("ababab").ids == [3, 5] || tokenizer.encode("ababab").ids == [5, 3])
        #expect(tokenizer.encode(String(repeating: "ab", count: 20_000)).count == 10_000)
    }

    @Test func `deeply nested sequences are read`() throws {
        let nested = (0..<55).reduce(#"{"type": "Lowercase"}"#) { inner, _ in
            #"{"type": "Sequence", "normalizers": [\#(inner)]}"#
        }
        #expect(try open("{\(Self.model), \"normalizer\": \(nested)}").encode("B").ids == [1])
    }
}
