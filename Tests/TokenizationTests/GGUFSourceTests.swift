import Foundation
import Testing

@testable import Tokenization

/// The values of a GGUF vocabulary, and transformers' results for the file with them.
struct GGUFFixture: Decodable, CustomTestStringConvertible {
    var name: String
    var architecture: String
    var model: String
    var pre: String?
    var tokens: [String]
    var token_type: [Int]
    var scores: [Float]?
    var merges: [String]?
    var bos_token_id: Int32?
    var eos_token_id: Int32?
    var unknown_token_id: Int32?
    var padding_token_id: Int32?
    var add_bos_token: Bool?
    var add_eos_token: Bool?
    var special: [String: String]
    var model_max_length: Int?
    var size: Int
    var cases: [SourceFixture.Case]

    var testDescription: String { name }

    static let all: [GGUFFixture] = {
        struct File: Decodable { var vocabularies: [GGUFFixture] }
        let url = SourceFixture.root.appendingPathComponent("gguf.json")
        return (try? JSONDecoder().decode(File.self, from: Data(contentsOf: url)).vocabularies) ?? []
    }()

    var vocabulary: GGUFVocabulary {
        var result = GGUFVocabulary(
            model: model,
            preTokenizer: pre ?? "",
            tokens: tokens,
            tokenTypes: token_type,
            merges: merges ?? []
        )
        result.architecture = architecture
        result.scores = scores ?? []
        (result.bosTokenID, result.eosTokenID) = (bos_token_id, eos_token_id)
        (result.unknownTokenID, result.padTokenID) = (unknown_token_id, padding_token_id)
        (result.addsBOS, result.addsEOS) = (add_bos_token, add_eos_token)
        return result
    }

    var expected: SourceFixture.Expected {
        var special = special
        // transformers does not set a missing padding token; we use the end-of-text token.
        special["pad_token"] = special["pad_token"] ?? special["eos_token"]
        return .init(special: special, model_max_length: model_max_length, size: size, cases: cases)
    }
}

struct GGUFSourceTests {
    @Test func `the fixtures contain every kind of vocabulary`() {
        #expect(Set(GGUFFixture.all.map(\.model)) == ["llama", "t5", "gpt2"])
    }

    @Test(arguments: GGUFFixture.all)
    func `a GGUF vocabulary gives transformers' ids, types and text`(fixture: GGUFFixture) throws {
        try SourceFixture.check(Tokenizer(gguf: fixture.vocabulary), fixture.expected, fixture.name)
    }

    @Test(arguments: GGUFFixture.all)
    func `a saved tokenizer gives the same results`(fixture: GGUFFixture) throws {
        let tokenizer = try Tokenizer(gguf: fixture.vocabulary)
        try withTemporaryFolder { folder in
            try tokenizer.save(to: folder)
            try SourceFixture.check(Tokenizer(folder: folder), fixture.expected, fixture.name)
        }
    }

    /// BERT's vocabulary as in a GGUF file, which marks the starts of words but not their continuations.
    @Test func `a WordPiece vocabulary gives BERT's results`() throws {
        let bert = SourceFixture(name: "bert")
        let text = try String(contentsOf: bert.folder.appendingPathComponent("vocab.txt"), encoding: .utf8)
        let words = text.split(separator: "\n").map(String.init)
        var vocabulary = GGUFVocabulary(
            model: "bert",
            preTokenizer: "",
            tokens: words.map { word in
                word.hasPrefix("[") ? word : word.hasPrefix("##") ? String(word.dropFirst(2)) : "▁" + word
            },
            tokenTypes: words.map { $0.hasPrefix("[") ? 3 : 1 },
            merges: []
        )
        vocabulary.padTokenID = 0
        vocabulary.unknownTokenID = 1
        vocabulary.classifierTokenID = 2
        vocabulary.separatorTokenID = 3
        vocabulary.maskTokenID = 4
        // A lone bracket would also be a token of the vocabulary.
        try #require(words.filter { $0.hasPrefix("[") }.count == 5)
        try SourceFixture.check(Tokenizer(gguf: vocabulary), bert.expected(), "bert")
    }
}
