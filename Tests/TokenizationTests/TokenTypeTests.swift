import Foundation
import JSON
import TestSupport
import Testing

@testable import Tokenization

/// Tests whether a tokenizer gives token types to the model, and which ones.
struct TokenTypeTests {
    private struct Default: Decodable {
        var model_type: String
        var `class`: String?
        var types: Bool?
    }

    private struct Defaults: Decodable { var cases: [Default] }

    /// The tokenizer of a folder with these files and a WordPiece `tokenizer.json`.
    private func tokenizer(_ files: [String: String]) throws -> Tokenizer {
        try withTemporaryFolder { folder in
            let json = SourceFixture.root.appendingPathComponent("json-bert/tokenizer.json")
            try FileManager.default.copyItem(at: json, to: folder.appendingPathComponent("tokenizer.json"))
            for (name, text) in files {
                try Data(text.utf8).write(to: folder.appendingPathComponent(name))
            }
            return try Tokenizer(folder: folder)
        }
    }

    @Test func `every class has transformers' default, for every family`() throws {
        let url = SourceFixture.root.deletingLastPathComponent().appendingPathComponent("token-types.json")
        let cases = try JSONDecoder().decode(Defaults.self, from: Data(contentsOf: url)).cases
        #expect(cases.count > 700)
        for one in cases {
            guard let types = one.types else { continue }
            let found = TokenizerClass.givesTokenTypes(name: one.class, modelType: one.model_type)
            #expect(found == types, "\(one.model_type), \(one.class ?? "no class")")
        }
    }

    @Test func `model_input_names takes precedence over the class`() throws {
        let bert = #"{"model_type": "bert"}"#
        func gives(_ config: String?, model: String? = bert) throws -> Bool {
            var files: [String: String] = [:]
            files["tokenizer_config.json"] = config
            files["config.json"] = model
            return try tokenizer(files).givesTokenTypes
        }
        let with = #""model_input_names": ["input_ids", "token_type_ids", "attention_mask"]"#
        let without = #""model_input_names": ["input_ids", "attention_mask"]"#
        #expect(try gives(nil))
        #expect(try gives("{}"))
        #expect(try !gives("{\(without)}"))
        #expect(try !gives(#"{"tokenizer_class": "BertTokenizer", \#(without)}"#))
        #expect(try gives(#"{"tokenizer_class": "PreTrainedTokenizerFast", \#(with)}"#))
        #expect(try gives("{\(with)}", model: #"{"model_type": "llama"}"#))
        #expect(try gives(#"{"model_input_names": null}"#))
        #expect(try !gives(#"{"model_input_names": []}"#))
        // Only the model's configuration may name the class.
        #expect(
            try !gives("{}", model: #"{"model_type": "bert", "tokenizer_class": "PreTrainedTokenizerFast"}"#)
        )
        #expect(try gives(#"{"tokenizer_class": "BertTokenizer"}"#, model: nil))
        #expect(try !gives(nil, model: nil))
    }

    @Test(arguments: [#""token_type_ids""#, "3", "[1]", #"{"a": 1}"#])
    func `model_input_names of the wrong type is refused by name`(value: String) {
        #expect {
            try tokenizer(["tokenizer_config.json": "{\"model_input_names\": \(value)}"])
        } throws: {
            "\($0)".contains("tokenizer_config.json") && "\($0)".contains("model_input_names")
                && "\($0)".contains("expected a list of names")
        }
    }

    @Test(arguments: SourceFixture.all)
    func `a tokenizer built from a vocabulary is saved with its token types`(fixture: SourceFixture) throws {
        try withTemporaryFolder { folder in
            let tokenizer = try Tokenizer(folder: fixture.folder)
            try tokenizer.save(to: folder)
            let config = fixture.folder.appendingPathComponent("config.json")
            if FileManager.default.fileExists(atPath: config.path) {
                try FileManager.default.copyItem(at: config, to: folder.appendingPathComponent("config.json"))
            }
            #expect(try Tokenizer(folder: folder).givesTokenTypes == tokenizer.givesTokenTypes)
        }
    }

    @Test func `a class that only the model's configuration names is kept when it is saved`() throws {
        try withTemporaryFolder { folder in
            let words = SourceFixture.root.appendingPathComponent("bert/vocab.txt")
            try FileManager.default.copyItem(at: words, to: folder.appendingPathComponent("vocab.txt"))
            let model = #"{"model_type": "bert", "tokenizer_class": "DistilBertTokenizer"}"#
            try Data(model.utf8).write(to: folder.appendingPathComponent("config.json"))
            let tokenizer = try Tokenizer(folder: folder)
            #expect(!tokenizer.givesTokenTypes)
            try tokenizer.save(to: folder)
            #expect(try !Tokenizer(folder: folder).givesTokenTypes)
        }
    }

    @Test func `single texts also have types if the template sets them`() throws {
        let root = try JSONDocument(
            parsing: Array(
                Data(contentsOf: SourceFixture.root.appendingPathComponent("json-bert/tokenizer.json"))
            )
        ).root
        let processor =
            #"{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 2}}, "#
            + #"{"Sequence": {"id": "A", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}], "#
            + #""pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 3}}], "#
            + #""special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "#
            + #""[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}}"#
        let text = root.serialized.replacingOccurrences(
            of: "\"post_processor\": " + (root["post_processor"]?.serialized ?? "null"),
            with: "\"post_processor\": " + processor
        )
        let tokenizer = try Tokenizer(tokenizerJSON: Array(text.utf8))
        let texts = ["The quick brown fox", "", "dog"]
        let packed = tokenizer.encodeBatch(texts)
        var expected: [Int32] = []
        for text in texts { expected += tokenizer.encode(text).typeIDs }
        #expect(packed.typeIDs == expected && Set(expected) == [0, 1, 2])
        #expect(tokenizer.encodeBatch(texts, maxLength: 3).typeIDs.count == 8)
        #expect(
            tokenizer.highestTokenType(isPair: false) == 2 && tokenizer.highestTokenType(isPair: true) == 3
        )
    }

    @Test func `a token that is left out is split like any text`() throws {
        let tokenizer = try Tokenizer(folder: SourceFixture(name: "gpt2-bos").folder)
        let added = try #require(tokenizer.pipeline.added.largestID)
        let token = try #require(tokenizer.token(for: added))
        #expect(tokenizer.encode(token, addSpecialTokens: false).ids == [added])
        let without = tokenizer.leavingOut([added])
        #expect(!without.encode(token, addSpecialTokens: false).ids.contains(added))
        #expect(without.id(for: token) == nil && tokenizer.id(for: token) == added)
        #expect(tokenizer.tokens(from: Int(added)).map(\.token) == [token])
        #expect(tokenizer.tokens(from: Int(added) + 1).isEmpty)
    }
}
