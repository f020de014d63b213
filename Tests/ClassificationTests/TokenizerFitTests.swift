import Classification
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Tokenization
import Torch

/// Tokenizer and model are compared when they are loaded, not at the first text.
struct TokenizerFitTests {
    /// An element of `added_tokens`.
    private func token(_ content: String, _ id: Int) -> JSONValue {
        .object([
            "id": .int(id), "content": .string(content), "single_word": .bool(false), "lstrip": .bool(false),
            "rstrip": .bool(false), "normalized": .bool(false), "special": .bool(true),
        ])
    }

    /// Loads a model of the pair fixtures with tokens appended to its tokenizer.
    private func withModel(
        _ name: String,
        adding tokens: [String],
        changing changes: [String: (inout JSONObject) -> Void] = [:],
        options: SequenceClassifier.LoadOptions = .init(),
        _ body: (URL, TextClassifier) throws -> Void = { _, _ in }
    ) throws {
        let fixture = try PairFixture(name)
        let size = try Tokenizer(contentsOf: fixture.folder.appending(path: "tokenizer.json")).vocabularySize
        try withTemporaryFolder { folder in
            try fixture.write(
                to: folder,
                changing: changes.merging([
                    "tokenizer_config.json": { $0["tokenizer_class"] = .string("PreTrainedTokenizerFast") },
                    "tokenizer.json": { root in
                        let added = tokens.enumerated().map { token($1, size + $0) }
                        root["added_tokens"] = .array((root["added_tokens"].array ?? []) + added)
                    },
                ]) { $1 }
            )
            try body(
                folder,
                TextClassifier.load(folder.path(percentEncoded: false), options: options).classifier
            )
        }
    }

    // The fixtures' embeddings have three rows more than their tokenizers have tokens: padding rows, as in Phi-3 and Qwen.
    @Test(arguments: PairFixture.names)
    func `a token beyond the embedding's rows is an error with token, id and rows`(name: String) throws {
        try withModel(name, adding: ["<one>", "<two>", "<three>"]) { _, classifier in
            let logits = try classifier.logits(classifier.encode(["<three> The quick fox"]))
            #expect(logits[0].allSatisfy { $0.isFinite })
        }
        let rows = try PairFixture.configuration(name).embeddingRows()
        #expect {
            try withModel(name, adding: ["<one>", "<two>", "<three>", "<four>"])
        } throws: { error in
            let text = "\(error)"
            return (error as? ModelError)?.code == .mismatchedTokenizer
                && text.contains("\"<four>\" with id \(rows), but the model's embedding has \(rows) rows")
                && text.contains("--resize-embeddings") && text.contains("config.json")
        }
    }

    @Test func `if several tokens lack rows, the first and the last are named`() throws {
        #expect {
            try withModel("llama", adding: ["<1>", "<2>", "<3>", "<4>", "<5>", "<6>"])
        } throws: {
            "\($0)".contains("the token \"<6>\" with id")
                && "\($0)".contains(", and 2 more from \"<4>\" with id")
        }
    }

    @Test func `a vocabulary larger than the embedding is rejected too`() throws {
        let fixture = try PairFixture("bert")
        let tokenizer = try Tokenizer(contentsOf: fixture.folder.appending(path: "tokenizer.json"))
        var fields = try PairFixture.configuration("bert").fields
        fields["vocab_size"] = .int(200)
        let fit = try TokenizerFit(tokenizer, ModelConfiguration(fields: fields, source: "config.json"))
        #expect(fit.fault?.contains("the model's embedding has 200 rows") == true)
        fields["vocab_size"] = .int(100_000)
        let roomy = try TokenizerFit(tokenizer, ModelConfiguration(fields: fields, source: "config.json"))
        #expect(roomy.fault == nil)
    }

    @Test(arguments: PairFixture.names)
    func `a resized embedding keeps its rows and adds rows near their mean`(name: String) throws {
        var options = SequenceClassifier.LoadOptions()
        options.resizesEmbeddings = true
        let tokens = ["<1>", "<2>", "<3>", "<4>", "<5>"]
        var plain: [[Float]] = []
        let texts = ["The quick brown fox", "Make tomorrow better"]
        try withModel(name, adding: []) { _, classifier in
            plain = try classifier.logits(classifier.encode(texts))
        }
        let stored = try PairFixture.configuration(name).embeddingRows()
        try withModel(name, adding: tokens, options: options) { folder, classifier in
            #expect(classifier.model.embeddingRows == stored + 2)
            #expect(classifier.model.configuration["vocab_size"].int == stored + 2)
            // 1e-6: the same weights.
            let logits = try classifier.logits(classifier.encode(texts))
            for (a, b) in zip(logits.joined(), plain.joined()) { #expect(abs(a - b) < 1e-6) }
            let table = try #require(
                classifier.model.parameters.parameters.first { $0.shape.first == stored + 2 }
            )
            let old = try table.value.narrowed(0, to: 0..<stored)
            let mean = try old.mean(along: 0).array(of: Float.self)
            let new = try (0..<2).map { try table.value.narrowed(0, to: stored + $0..<stored + $0 + 1) }
                .map { try $0.array(of: Float.self) }
            // √1e-9 of the old rows' standard deviation, which is 0.4: 1.3e-5. A deviation of ten times that is never drawn.
            for row in new { for (a, b) in zip(row, mean) { #expect(abs(a - b) < 1.3e-4) } }
            #expect(new[0] != new[1])
            let saved = folder.appending(path: "saved")
            try classifier.save(to: saved)
            let again = try TextClassifier.load(saved.path(percentEncoded: false)).classifier
            let text = ["<5> The quick fox"]
            #expect(try again.logits(again.encode(text)) == classifier.logits(classifier.encode(text)))
        }
    }

    @Test func `a Gemma 3 text model tokenizes the image token as ordinary text`() throws {
        let tokens = ["<1>", "<2>", "<3>", "<image_soft_token>"]
        try withModel("gemma3", adding: tokens) { folder, classifier in
            let ids = classifier.encode(["<image_soft_token>"]).encodings.ids
            #expect(ids.count > 2 && ids.allSatisfy { Int($0) < classifier.model.embeddingRows })
            #expect(try ModelInspection(path: folder.path(percentEncoded: false)).fit?.fault == nil)
            let kept = try String(contentsOf: folder.appending(path: "tokenizer.json"), encoding: .utf8)
            #expect(kept.contains("image_soft_token"))
        }
        #expect(throws: ModelError.self) { try withModel("gemma2", adding: tokens) }
    }

    @Test func `a padding token that the embedding has no row for is rejected, as in PyTorch`() throws {
        for name in ["bert", "llama", "roberta", "modernbert", "distilbert", "deberta-v2"] {
            #expect {
                try withModel(
                    name,
                    adding: [],
                    changing: ["config.json": { $0["pad_token_id"] = .int(99_999) }]
                )
            } throws: {
                "\($0)".contains("`pad_token_id` is 99999") || "\($0)".contains("max_position_embeddings")
            }
        }
        // GPT-2's embedding has no padding token.
        try withModel("gpt2", adding: [], changing: ["config.json": { $0["pad_token_id"] = .int(99_999) }])
        try withModel("llama", adding: [], changing: ["config.json": { $0["pad_token_id"] = .int(-1) }])
    }

    @Test func `inspection reports mismatches of tokenizer and model`() throws {
        let fixture = try PairFixture("bert-one-type")
        try withTemporaryFolder { folder in
            try fixture.write(
                to: folder,
                changing: [
                    "config.json": { $0["eos_token_id"] = .array([.int(2), .int(50_256)]) },
                    "tokenizer_config.json": { $0["model_max_length"] = .int(4096) },
                ]
            )
            let fit = try #require(try ModelInspection(path: folder.path(percentEncoded: false)).fit)
            #expect(fit.fault == nil)
            #expect(fit.notes.contains { $0.contains("token types up to 1, but the model has types 0 to 0") })
            #expect(fit.notes.contains { $0.contains("config.json's eos_token_id is 50256") })
            #expect(
                fit.notes.contains { $0.contains("model_max_length is 4096") && $0.contains("96 is used") }
            )
        }
    }

    @Test func `the length limit must leave room for special tokens`() throws {
        let fixture = try PairFixture("bert")
        try withTemporaryFolder { folder in
            try fixture.write(to: folder)
            let path = folder.path(percentEncoded: false)
            #expect { try TextClassifier.load(path, maxLength: 1) } throws: {
                "\($0)".contains("no room for the 2 tokens") && "\($0)".contains("--max-length")
            }
            #expect(try TextClassifier.load(path, maxLength: 2).classifier.maxLength == 2)
        }
    }
}

extension PairFixture {
    /// The configuration of a fixture's model.
    static func configuration(_ name: String) throws -> ModelConfiguration {
        try ModelConfiguration(folder: Fixture.folder.appending(path: "pairs/\(name)"))
    }
}
