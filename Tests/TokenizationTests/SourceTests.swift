import Foundation
import JSON
import Testing

@testable import Tokenization

/// A folder of bare vocabulary files written by `Scripts/fixtures/make_tokenizer_source_fixtures.py`, with its cases.
struct SourceFixture: CustomTestStringConvertible {
    struct Case: Decodable {
        var text: String
        var pair: String?
        var ids: [Int32]
        var types: [Int32]
        var bare: [Int32]
        var decoded: String
    }

    struct Expected: Decodable {
        var special: [String: String]
        var model_max_length: Int?
        var size: Int
        var cases: [Case]
    }

    var name: String

    var testDescription: String { name }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/tokenizer-sources")

    static let all: [SourceFixture] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return names.filter { !$0.contains(".") }.sorted().map(SourceFixture.init)
    }()

    var folder: URL { Self.root.appendingPathComponent(name) }

    func expected() throws -> Expected {
        let data = try Data(contentsOf: folder.appendingPathComponent("cases.json"))
        return try JSONDecoder().decode(Expected.self, from: data)
    }

    static func check(_ tokenizer: Tokenizer, _ expected: Expected, _ name: String) {
        for expected in expected.cases {
            let comment = Comment(rawValue: "\(name): \(expected.text.debugDescription)")
            let encoding =
                expected.pair.map { tokenizer.encode(expected.text, pair: $0) }
                ?? tokenizer.encode(expected.text)
            #expect(encoding.ids == expected.ids, comment)
            #expect(encoding.typeIDs == expected.types, comment)
            #expect(
                tokenizer.encode(expected.text, addSpecialTokens: false).ids == expected.bare,
                comment
            )
            let decoded = tokenizer.decode(expected.ids, skipSpecialTokens: false)
            #expect(Array(decoded.utf8) == Array(expected.decoded.utf8), comment)
        }
        #expect(tokenizer.modelMaxLength == expected.model_max_length)
        #expect(tokenizer.vocabularySize == expected.size)
        #expect(tokenizer.settings.special == expected.special)
    }
}

struct SourceTests {
    @Test func `the fixtures contain every class`() throws {
        var classes: Set<TokenizerClass> = []
        for fixture in SourceFixture.all {
            func json(_ name: String) -> JSONDocument.Value? {
                let data = try? Data(contentsOf: fixture.folder.appendingPathComponent(name))
                return data.flatMap { try? JSONDocument(parsing: Array($0)).root }
            }
            classes.insert(
                try TokenizerClass(
                    name: json("tokenizer_config.json")?["tokenizer_class"]?.string,
                    modelType: json("config.json")?["model_type"]?.string,
                    source: fixture.name
                )
            )
        }
        #expect(classes == Set(TokenizerClass.allCases))
    }

    @Test(arguments: SourceFixture.all)
    func `a model's folder gives transformers' ids, types and text`(
        fixture: SourceFixture
    ) throws {
        try SourceFixture.check(Tokenizer(folder: fixture.folder), fixture.expected(), fixture.name)
    }

    @Test(arguments: SourceFixture.all)
    func `a saved tokenizer gives the same results`(fixture: SourceFixture) throws {
        let tokenizer = try Tokenizer(folder: fixture.folder)
        try withTemporaryFolder { folder in
            try tokenizer.save(to: folder)
            // The model writes its own configuration next to the tokenizer's files.
            let model = fixture.folder.appendingPathComponent("config.json")
            if FileManager.default.fileExists(atPath: model.path) {
                try FileManager.default.copyItem(at: model, to: folder.appendingPathComponent("config.json"))
            }
            try SourceFixture.check(Tokenizer(folder: folder), fixture.expected(), fixture.name)
            #expect(try Tokenizer(folder: folder).settings == tokenizer.settings)
        }
    }
}

struct HostileSourceTests {
    private func error(_ files: [String: [UInt8]]) throws -> TokenizerError? {
        var result: TokenizerError?
        try withTemporaryFolder { folder in
            for (name, bytes) in files { try Data(bytes).write(to: folder.appendingPathComponent(name)) }
            do throws(TokenizerError) { _ = try Tokenizer(folder: folder) } catch { result = error }
        }
        return result
    }

    private func config(_ name: String) -> [UInt8] { Array("{\"tokenizer_class\": \"\(name)\"}".utf8) }

    @Test func `a vocabulary without a class is an error that tells how to name one`() throws {
        let message = try #require(try error(["vocab.txt": Array("a\n".utf8)])).message
        #expect(message.contains("vocab.txt alone does not say how to read it"))
        #expect(message.contains("\"tokenizer_class\" (one of AlbertTokenizer, BertTokenizer"))
    }

    @Test func `an unknown class is an error that lists the known ones`() throws {
        let found = try error(["vocab.txt": Array("a\n".utf8), "tokenizer_config.json": config("Magic")])
        #expect(found?.code == .unsupported)
        #expect(found?.message.contains("'Magic' cannot be built from vocab.txt") == true)
    }

    @Test func `a class that does not fit the file is an error that lists those that do`() throws {
        let found = try error([
            "vocab.txt": Array("a\n".utf8), "tokenizer_config.json": config("T5Tokenizer"),
        ])
        #expect(found?.message.contains("this file, which fits only BertTokenizer, MPNetTokenizer") == true)
    }

    @Test func `a missing merges file is an error that names it`() throws {
        let files = ["vocab.json": Array("{}".utf8), "tokenizer_config.json": config("GPT2Tokenizer")]
        #expect(try error(files)?.message.contains("merges.txt") == true)
    }

    @Test(arguments: ["a", "a  b", "a b c", "a x", "b a", ""])
    func `an invalid merge is an error with its line`(line: String) throws {
        let files = [
            "vocab.json": Array(#"{"a": 0, "b": 1, "ab": 2}"#.utf8),
            "merges.txt": Array("#version: 0.2\na b\n\(line)\n".utf8),
            "tokenizer_config.json": config("GPT2Tokenizer"),
        ]
        #expect(try error(files)?.message.contains("merges.txt, line 3") == true)
    }

    @Test(arguments: [
        (#"{"tokenizer_class": "T5Tokenizer", "extra_ids": 1e9}"#, "$.extra_ids: expected a whole number"),
        (
            #"{"tokenizer_class": "T5Tokenizer", "eos_token": {"lstrip": true}}"#,
            "$.eos_token: the member 'content'"
        ),
        (#"{"tokenizer_class": "T5Tokenizer", "eos_token": null}"#, "T5Tokenizer needs a eos_token"),
        (
            #"{"tokenizer_class": "T5Tokenizer", "added_tokens_decoder": {"x": {}}}"#,
            "expected a token id as the name"
        ),
    ])
    func `an invalid option is an error with its JSON path`(json: String, expected: String) throws {
        let model = SourceFixture(name: "t5").folder.appendingPathComponent("spiece.model")
        let files = [
            "spiece.model": [UInt8](try Data(contentsOf: model)), "tokenizer_config.json": Array(json.utf8),
        ]
        let message = try error(files)?.message ?? ""
        #expect(message.contains(expected), "\(message)")
    }

    @Test func `a damaged SentencePiece model gives an error with its offset or a tokenizer`() throws {
        let whole = [UInt8](
            try Data(contentsOf: SourceFixture(name: "t5").folder.appendingPathComponent("spiece.model"))
        )
        let settings = try SourceSettings(config: nil)
        var random = Lehmer(state: 5)
        var faults = 0
        for round in 0..<1_000 {
            var bytes = whole
            if round.isMultiple(of: 3) { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random)) }
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255,
                    using: &random
                )
            }
            do throws(TokenizerError) {
                let model = try SentencePieceModel(parsing: bytes)
                let builder = try TokenizerBuilder(.t5, settings, sentencePiece: model)
                _ = try Tokenizer(files: builder.files()).encode("A quick fox")
            } catch {
                faults += 1
                #expect(error.code != .unwritable && !error.message.isEmpty)
            }
        }
        #expect(faults > 0)
        #expect(throws: TokenizerError.self) { try SentencePieceModel(parsing: []) }
    }
}

/// A random number generator with a fixed sequence.
private struct Lehmer: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
