import Foundation
import Testing

@testable import Tokenization

/// A text, or a pair, with the results of tokenizers.
struct ReferenceCase: Decodable {
    var text: String
    var pair: String?
    var ids: [Int32]
    var tokens: [String]
    var offsets: [[Int]]
    var words: [Int?]
    var types: [Int32]
    var decoded: String
    var plain: String
    var mask: [Int]
}

/// A truncation and the windows that tokenizers gives; nil if it throws.
struct TruncationCase: Decodable {
    struct Window: Decodable {
        var ids: [Int32]
        var types: [Int32]
        var words: [Int?]
        var mask: [Int]
    }

    var text: String
    var pair: String?
    var length: Int
    var stride: Int
    var strategy: String
    var side: String
    var windows: [Window]?

    var truncation: Truncation {
        let strategies: [String: PairTruncation] = [
            "only_first": .onlyFirst, "only_second": .onlySecond, "longest_first": .longestFirst,
        ]
        return Truncation(
            maxLength: length,
            strategy: strategies[strategy] ?? .longestFirst,
            side: side == "left" ? .left : .right,
            stride: stride
        )
    }
}

/// A tokenizer trained by `Scripts/fixtures/make_tokenizer_fixtures.py`, with its cases.
struct TokenizerFixture: CustomTestStringConvertible {
    var name: String

    var testDescription: String { name }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/tokenizers")

    /// All fixtures.
    static let all: [TokenizerFixture] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return names.sorted().map(TokenizerFixture.init)
    }()

    var folder: URL { Self.root.appendingPathComponent(name) }

    func tokenizer() throws -> Tokenizer { try Tokenizer(folder: folder) }

    func cases() throws -> [ReferenceCase] { try file().cases }

    func truncations() throws -> [TruncationCase] { try file().truncations }

    private struct File: Decodable {
        var cases: [ReferenceCase]
        var truncations: [TruncationCase]
    }

    private func file() throws -> File {
        let data = try Data(contentsOf: folder.appendingPathComponent("cases.json"))
        return try JSONDecoder().decode(File.self, from: data)
    }
}

/// Runs a body with a temporary folder that is removed afterwards.
func withTemporaryFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
}
