import Classification
import Foundation
import JSON
import Models
import TestSupport
import Testing
import Tokenization
import Torch

@testable import Export

/// Vocabularies that are cut to the tokens of a corpus.
struct VocabularyPruningTests {
    /// A model of each family and kind of tokenizer.
    private static let names = [
        "bert", "roberta", "xlm-roberta", "distilbert", "electra", "deberta-v2", "modernbert", "llama",
        "mistral",
        "phi3", "gemma2", "gemma3", "qwen2", "qwen3", "gpt2", "gpt-neox",
    ]
    private static let corpus = [
        "The quick brown fox", "Make tomorrow better, 漢字 and 🙂", "", "a second text: 12,345 €", "zzqx",
    ]

    private func load(_ folder: URL) throws -> TextClassifier {
        try TextClassifier.load(folder.path(percentEncoded: false)).classifier
    }

    private func fixture(_ name: String) throws -> TextClassifier {
        try load(Fixture.folder.appending(path: "pairs/\(name)"))
    }

    @Test(arguments: names)
    func `texts of the corpus keep their tokens and logits, and the embedding gets smaller`(
        name: String
    ) throws {
        try withTemporaryFolder { folder in
            let classifier = try fixture(name)
            let vocabulary = try PrunedVocabulary(classifier, corpus: [.texts(Self.corpus)])
            let place = folder.appending(path: "small", directoryHint: .isDirectory)
            let report = try SafetensorsExport.write(classifier, to: place, vocabulary: vocabulary)
            let smaller = try load(place)
            #expect(vocabulary.rows < vocabulary.rowsBefore)
            #expect(smaller.model.embeddingRows == vocabulary.rows)
            #expect(smaller.tokenizer.vocabularySize == vocabulary.rows)
            #expect(report.notes.contains { $0.contains("vocabulary: \(vocabulary.rows) of") })
            let before = try classifier.logits(classifier.encode(Self.corpus))
            let after = try smaller.logits(smaller.encode(Self.corpus))
            // The same rows of the embedding, in batches of the same sizes.
            for (a, b) in try paired(Array(before.joined()), Array(after.joined())) {
                #expect(abs(a - b) <= 1e-5 * max(1, abs(a)))
            }
            let tokens = classifier.encode(Self.corpus).encodings.ids.map(classifier.tokenizer.token(for:))
            #expect(smaller.encode(Self.corpus).encodings.ids.map(smaller.tokenizer.token(for:)) == tokens)
            let record = try ParityRecord(folder: place)
            #expect(try record.compare(smaller).isWithinTolerance)
        }
    }

    @Test func `special tokens get their new ids in every file`() throws {
        try withTemporaryFolder { folder in
            let classifier = try fixture("xlm-roberta")
            let vocabulary = try PrunedVocabulary(classifier, corpus: [.texts(["The fox"])])
            let place = folder.appending(path: "small", directoryHint: .isDirectory)
            _ = try SafetensorsExport.write(classifier, to: place, vocabulary: vocabulary)
            let smaller = try load(place)
            for (name, token) in classifier.tokenizer.specialTokens {
                #expect(smaller.tokenizer.id(for: token) != nil, "\(name)")
            }
            // Positions of this family start after the padding token.
            #expect(smaller.model.configuration.padTokenID == classifier.model.configuration.padTokenID)
            #expect(smaller.model.configuration["vocab_size"].int == vocabulary.rows)
            let file = try JSONValue.parse(Data(contentsOf: place.appending(path: "tokenizer.json")))
            for token in try file["added_tokens"].elements() {
                let content = try #require(token["content"].string)
                #expect(token["id"].int == smaller.tokenizer.id(for: content).map(Int.init))
            }
        }
    }

    @Test func `pairs are kept with their separators`() throws {
        try withTemporaryFolder { folder in
            let classifier = try fixture("bert")
            let pairs = TextInputs.pairs([("The quick", "brown fox"), ("Make", "tomorrow better")])
            let vocabulary = try PrunedVocabulary(classifier, corpus: [pairs])
            let place = folder.appending(path: "small", directoryHint: .isDirectory)
            _ = try SafetensorsExport.write(classifier, to: place, vocabulary: vocabulary)
            let smaller = try load(place)
            let before = try classifier.logits(classifier.encode(pairs))
            // The same rows of the embedding, in batches of the same sizes.
            for (a, b) in try paired(
                Array(before.joined()),
                Array(smaller.logits(smaller.encode(pairs)).joined())
            ) { #expect(abs(a - b) <= 1e-5 * max(1, abs(a))) }
        }
    }

    @Test func `no texts are refused`() throws {
        let classifier = try fixture("bert")
        #expect {
            _ = try PrunedVocabulary(classifier, corpus: [.texts([])])
        } throws: { ($0 as? ExportError)?.code == .badOption }
    }

    // MARK: Rules of tokenizers

    @Test func `only the merges on the way to a token are kept`() throws {
        let texts = ["a", "b", "c", "d", "ab", "bc", "abc", "cd", "abcd"]
        let tokens = texts.enumerated().map { (text: $1, id: Int32($0)) }
        let merges = ["b c", "a b", "a bc", "ab c", "c d", "abc d"].map(JSONValue.string)
        let chains = MergeChains(merges, tokens: tokens)
        func merged(_ token: String) -> [String] {
            chains.selecting(merges, Set(chains.chain(to: token).pairs)).compactMap(\.string)
        }
        #expect(merged("abc") == ["b c", "a bc"])
        #expect(merged("abcd") == ["b c", "a bc", "abc d"])
        #expect(merged("ab") == ["a b"])
        #expect(merged("a").isEmpty)
        // "bcd" is no token, and the merges of its characters end in "bc" and "d".
        #expect(merged("bcd").isEmpty)
        let lists = MergeChains([.array([.string("a"), .string("b")])], tokens: tokens)
        #expect(lists.chain(to: "ab").ids == [0, 1, 4])
    }

    @Test func `pieces on the way to an unknown word are kept, so that it stays unknown`() throws {
        try withTemporaryFolder { folder in
            let pieces = ["[UNK]", "[PAD]", "ab", "abc", "##cd", "a", "##b", "##c", "z"]
            let vocabulary = pieces.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
            let file = """
                {"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "post_processor": null, "decoder": null, "model": {"type": "WordPiece", "unk_token": "[UNK]",
                 "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {\(vocabulary)}}}
                """
            try Data(file.utf8).write(to: folder.appending(path: "tokenizer.json"))
            let tokenizer = try Tokenizer(folder: folder)
            var use = TokenUse(tokenizer, rows: pieces.count)
            // "abcd" starts with "abc", after which no piece is "##d". Without "abc" it would be "ab" and "##cd".
            use.add(.texts(["abcd ab zcd"]))
            let used = pieces.indices.filter { use.isUsed[$0] }.map { pieces[$0] }
            #expect(Set(used).isSuperset(of: ["[UNK]", "ab", "abc", "##cd", "z"]))
        }
    }

    @Test func `new ids follow the order of the old ones, and ids without a token come last`() {
        let map = VocabularyMap(keeping: [true, false, true, true, false]) { $0 != 2 }
        #expect(map.oldIDs == [0, 3, 2])
        #expect(map[3] == 1 && map[2] == 2 && map[1] == nil && map[9] == nil && map[-1] == nil)
        #expect(map.newID(3) == 1 && map.newID(1 << 40) == nil)
    }
}
