import Checkpoints
import Classification
import Foundation
import JSON
import Models
import TestSupport
import Testing
import Tokenization

/// A model of `Tests/Fixtures/pairs`, written by `Scripts/fixtures/make_pair_fixtures.py`.
struct PairFixture {
    let folder: URL
    let document: JSONValue

    init(_ name: String) throws {
        folder = Fixture.folder.appending(path: "pairs/\(name)")
        document = try Fixture.json("pairs/\(name)/cases.json")
    }

    /// The names of all fixtures.
    static let names: [String] = {
        let path = Fixture.folder.appending(path: "pairs").path(percentEncoded: false)
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }()

    var cases: [JSONValue] { document["cases"].array ?? [] }

    /// The texts, with their second texts if any.
    var inputs: [(first: String, second: String?)] {
        (document["inputs"].array ?? []).map { ($0.array?[0].string ?? "", $0.array?[1].string) }
    }

    /// Copies the model to a folder and changes some of its JSON files: a change receives the file's object, or an empty
    /// one if the file does not exist.
    func write(to copy: URL, changing changes: [String: (inout JSONObject) -> Void] = [:]) throws {
        let manager = FileManager.default
        for name in try manager.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
        where name != "cases.json" && changes[name] == nil {
            try? manager.removeItem(at: copy.appending(path: name))
            try manager.copyItem(at: folder.appending(path: name), to: copy.appending(path: name))
        }
        for (name, change) in changes {
            let file = try? Data(contentsOf: folder.appending(path: name))
            var object = try file.map { try JSONValue.parse($0).object ?? [:] } ?? [:]
            change(&object)
            try Data(JSONValue.object(object).oneLineInOrder.utf8).write(to: copy.appending(path: name))
        }
    }

    /// Copies the model to a folder, with the tokenizer of a case.
    func write(_ one: JSONValue, to copy: URL) throws {
        try write(
            to: copy,
            changing: [
                "tokenizer_config.json": { $0 = one["config"].object ?? [:] },
                "tokenizer.json": {
                    guard one.object?.contains("post_processor") == true else { return }
                    // Null removes it, which is equivalent.
                    $0["post_processor"] = one["post_processor"]
                },
            ]
        )
    }
}

/// Single texts and pairs of every family against transformers, for every combination of a post-processor and a
/// `tokenizer_config.json` that affects token types.
struct PairTests {
    @Test func `the fixtures cover every family and every kind of token types`() throws {
        let types = try PairFixture.names.map {
            try ModelConfiguration(folder: Fixture.folder.appending(path: "pairs/\($0)")).modelType
        }
        #expect(Set(types) == Set(SequenceClassifier.knownModelTypes))
        for name in PairFixture.names {
            let fixture = try PairFixture(name)
            #expect(fixture.cases.count == 28 && fixture.inputs.count == 4, "\(name)")
        }
    }

    // 1e-5: float32 sums in another order, through one layer.
    @Test(arguments: PairFixture.names)
    func `the logits equal transformers'`(name: String) throws {
        let fixture = try PairFixture(name)
        for one in fixture.cases {
            let title: Comment = "\(name): \(one["name"].string ?? "")"
            let (classifier, report) = try withTemporaryFolder { folder in
                try fixture.write(one, to: folder)
                return try TextClassifier.load(folder.path(percentEncoded: false))
            }
            let outputs = try #require(one["outputs"].array)
            try #require(outputs.count == fixture.inputs.count)
            for (input, output) in zip(fixture.inputs, outputs) {
                let inputs = TextInputs([input.first], pairedTexts: input.second.map { [$0] })
                let examples = classifier.encode(inputs)
                #expect(examples.encodings.ids.map(Int.init) == output["ids"].array?.compactMap(\.int), title)
                #expect(classifier.tokenizer.givesTokenTypes == (output["types"] != .null), title)
                let logits = try classifier.logits(examples)[0].map(Double.init)
                let expected = try #require(output["logits"].array).compactMap(\.double)
                try #require(logits.count == expected.count)
                for (value, wanted) in zip(logits, expected) { #expect(abs(value - wanted) < 1e-5, title) }
            }
            // Token types that the model does not have are treated as 0, and noted.
            let fails = outputs.contains { $0["transformers_fails"].bool == true }
            #expect(report.notes.contains { $0.contains("token types up to") } == fails, title)
        }
    }

    @Test func `token types change BERT's logits, so that a missing type would be noticed`() throws {
        let outputs = try PairFixture("bert").cases.map { $0["outputs"].array ?? [] }
        let logits = outputs.map { $0[2]["logits"].array?.compactMap(\.double) ?? [] }
        let differences = logits.map { abs($0[0] - logits[2][0]) }
        #expect(differences[1] > 0.01)
    }

    @Test func `a pair has the same logits when packed with others`() throws {
        let fixture = try PairFixture("bert")
        try withTemporaryFolder { folder in
            try fixture.write(fixture.cases[1], to: folder)
            let classifier = try TextClassifier.load(folder.path(percentEncoded: false)).classifier
            let pairs = fixture.inputs.compactMap { input in input.second.map { (input.first, $0) } }
            let together = try classifier.logits(classifier.encode(.pairs(pairs)))
            for (pair, row) in zip(pairs, together) {
                let alone = try classifier.logits(classifier.encode(.pairs([pair])))[0]
                for (a, b) in zip(row, alone) { #expect(abs(a - b) < 1e-5) }
            }
        }
    }

    @Test(arguments: ["bert", "deberta-v2-types", "gpt2", "roberta"])
    func `a saved model gives the same token types`(name: String) throws {
        let fixture = try PairFixture(name)
        let inputs = TextInputs(["The quick fox"], pairedTexts: ["doesn't jump"])
        for one in fixture.cases.prefix(7) {
            try withTemporaryFolder { folder in
                let (first, second) = (folder.appending(path: "1"), folder.appending(path: "2"))
                for folder in [first, second] {
                    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                }
                try fixture.write(one, to: first)
                let classifier = try TextClassifier.load(first.path(percentEncoded: false)).classifier
                try classifier.save(to: second)
                let again = try TextClassifier.load(second.path(percentEncoded: false)).classifier
                #expect(again.encode(inputs) == classifier.encode(inputs))
                #expect(
                    try again.logits(again.encode(inputs)) == classifier.logits(classifier.encode(inputs))
                )
            }
        }
    }
}

/// GGUF files have no `tokenizer_config.json`, so the tokenizer class of their architecture is used.
struct GGUFPairTests {
    private func path(_ name: String) -> String {
        Fixture.folder.appending(path: "gguf-pairs/\(name).gguf").path(percentEncoded: false)
    }

    @Test func `a BERT gets token types, from a GGUF and from the folder saved from it`() throws {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["no", "yes"]
        let classifier = try TextClassifier.load(path("bert"), options: options).classifier
        let fixture = try PairFixture("bert")
        let outputs = try #require(fixture.cases.first?["outputs"].array)
        try withTemporaryFolder { folder in
            try classifier.save(to: folder)
            let again = try TextClassifier.load(folder.path(percentEncoded: false)).classifier
            for (input, output) in zip(fixture.inputs, outputs) {
                let inputs = TextInputs([input.first], pairedTexts: input.second.map { [$0] })
                for one in [classifier, again] {
                    let encodings = one.encode(inputs).encodings
                    #expect(encodings.ids.map(Int.init) == output["ids"].array?.compactMap(\.int))
                    let types = encodings.typeIDs.isEmpty ? encodings.ids.map { _ in 0 } : encodings.typeIDs
                    #expect(types.map(Int.init) == output["types"].array?.compactMap(\.int))
                }
                let logits = try classifier.logits(classifier.encode(inputs))
                #expect(try again.logits(again.encode(inputs)) == logits)
            }
        }
    }

    @Test func `a vocabulary with more tokens than the embedding has rows is rejected`() throws {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["no", "yes"]
        #expect { try TextClassifier.load(path("bert-short"), options: options) } throws: {
            ($0 as? ModelError)?.code == .mismatchedTokenizer
                && "\($0)".contains("the model's embedding has 200 rows")
                && "\($0)".contains("bert-short.gguf")
        }
        options.resizesEmbeddings = true
        let classifier = try TextClassifier.load(path("bert-short"), options: options).classifier
        #expect(classifier.model.embeddingRows == classifier.tokenizer.vocabularySize)
        #expect(try classifier.logits(classifier.encode(["The quick fox"]))[0].allSatisfy(\.isFinite))
    }
}
