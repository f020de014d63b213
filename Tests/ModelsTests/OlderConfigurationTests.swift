import Checkpoints
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch

/// `config.json` as transformers 4 wrote it, which most files on the Hub still are
/// (Scripts/fixtures/models/older.py).
struct OlderConfigurationTests {
    private static let folder = Fixture.folder.appending(path: "model-configs")

    private static let variants: [String] = {
        let path = folder.path(percentEncoded: false)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.map { String($0.dropLast(".json".count)) }.filter(FamilyTests.variants.contains).sorted()
    }()

    @Test func `every older configuration is of a known model`() throws {
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
        // Dropout is read by the old names, too.
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
