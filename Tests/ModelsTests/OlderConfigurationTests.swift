import Checkpoints
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch

/// `config.json` files as written by transformers 4, like most files on the Hub
/// (Scripts/fixtures/models/older.py).
struct OlderConfigurationTests {
    private static let folder = Fixture.folder.appending(path: "model-configs")

    private static let variants: [String] = {
        let path = folder.path(percentEncoded: false)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.map { String($0.dropLast(".json".count)) }.filter(FamilyTests.variants.contains).sorted()
    }()

    @Test func `every older configuration has a known model type`() throws {
        let path = Self.folder.path(percentEncoded: false)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == Self.variants.count)
    }

    @Test(arguments: variants)
    func `the old spelling gives the same model`(name: String) throws {
        let reference = try ReferenceModel(name)
        let older = try ModelConfiguration(
            parsing: Data(contentsOf: Self.folder.appending(path: name + ".json")),
            source: name
        )
        let (model, report) = try SequenceClassifier.load(
            openCheckpoint(folder: reference.folder),
            configuration: older,
            random: RandomSource(seed: 0)
        )
        #expect(report.unreadFields.isEmpty)
        let texts = try reference.texts()
        // Dropout is also read by its old names.
        for seed in [nil, UInt64(5)] {
            func logits(_ model: SequenceClassifier) throws -> [Float] {
                let context = ForwardContext(dropout: try seed.map { try RandomSource(seed: $0) })
                return try model.logits(reference.batch(texts), context).array()
            }
            #expect(
                try logits(model) == logits(reference.model),
                "\(seed == nil ? "evaluating" : "training")"
            )
        }
    }
}
