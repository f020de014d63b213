import Classification
import Foundation
import JSON
import Models
import TestSupport

/// A tiny classifier of a family with the family's own tokenizer, from `Tests/Fixtures/pairs`.
struct PairModel {
    static let texts = ["The quick brown fox", "Make tomorrow better, 2 times!", "naïve 😀", "x"]

    /// All names.
    static let names: [String] = {
        let path = Fixture.folder.appending(path: "pairs").path(percentEncoded: false)
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }()

    let classifier: TextClassifier

    /// Loads the classifier.
    ///
    /// - Parameters:
    ///   - name: The fixture's name.
    ///   - changes: Fields of `config.json` to change.
    /// - Throws: The errors of loading.
    init(_ name: String, changing changes: [String: JSONValue] = [:]) throws {
        let folder = Fixture.folder.appending(path: "pairs/\(name)")
        classifier = try withTemporaryFolder { copy in
            for file in ["model.safetensors", "tokenizer.json"] {
                try FileManager.default.copyItem(
                    at: folder.appending(path: file),
                    to: copy.appending(path: file)
                )
            }
            var fields = try Fixture.json("pairs/\(name)/config.json").object ?? [:]
            for (field, value) in changes { fields[field] = value }
            let text = JSONValue.object(fields).formatted
            try Data(text.utf8).write(to: copy.appending(path: "config.json"))
            return try TextClassifier.load(copy.path(percentEncoded: false)).classifier
        }
    }

    /// Opens an exported file.
    static func open(_ file: URL) throws -> TextClassifier {
        try TextClassifier.load(file.path(percentEncoded: false)).classifier
    }

    /// The logits of the texts.
    static func logits(_ classifier: TextClassifier) throws -> [[Float]] {
        try classifier.logits(classifier.encode(texts))
    }
}
