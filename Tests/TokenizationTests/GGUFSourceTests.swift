import Foundation
import Testing

@testable import Tokenization

/// The values of a GGUF vocabulary, and what the library makes of the file with them.
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
        // The library leaves a model unpadded that was never padded; we pad with what ends its texts.
        special["pad_token"] = special["pad_token"] ?? special["eos_token"]
        return .init(special: special, model_max_length: model_max_length, size: size, cases: cases)
    }
}

struct GGUFSourceTests {
    @Test func `the fixtures hold every kind of vocabulary`() {
        #expect(Set(GGUFFixture.all.map(\.model)) == ["llama", "t5", "gpt2"])
    }

    @Test(arguments: GGUFFixture.all)
    func `a GGUF's vocabulary gives the library's ids, types and text`(fixture: GGUFFixture) throws {
        try SourceFixture.check(Tokenizer(gguf: fixture.vocabulary), fixture.expected, fixture.name)
    }

    @Test(arguments: GGUFFixture.all)
    func `what it saves opens as the same tokenizer`(fixture: GGUFFixture) throws {
        let tokenizer = try Tokenizer(gguf: fixture.vocabulary)
        try withTemporaryFolder { folder in
            try tokenizer.save(to: folder)
            try SourceFixture.check(Tokenizer(folder: folder), fixture.expected, fixture.name)
        }
    }

    /// BERT's words as a GGUF file has them: what starts a word is marked, what goes on is not.
    @Test func `a WordPiece vocabulary is BERT's`() throws {
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
        // A lone bracket is a token of the vocabulary, too.
        try #require(words.filter { $0.hasPrefix("[") }.count == 5)
        try SourceFixture.check(Tokenizer(gguf: vocabulary), bert.expected(), "bert")
    }
}
