import Checkpoints
import Foundation
import JSON
import Models
import TestSupport
import Testing
import Torch

/// Classifiers that transformers quantized with bitsandbytes. (`Scripts/fixtures/make_quantized_fixtures.py`)
struct QuantizedClassifierTests {
    @Test(arguments: ["nf4", "nf4-double", "fp4", "int8"])
    func `logits equal those of a float32 computation with the dequantized weights`(name: String) throws {
        let folder = Fixture.folder.appending(path: "quantized/llama-\(name)")
        let fixture = try Fixture.json("quantized/llama-\(name)/logits.json")
        var fields = try #require(try Fixture.json("quantized/llama-\(name)/config.json").object)
        // The checkpoint shows plain matrices.
        fields["quantization_config"] = .null
        let (model, report) = try SequenceClassifier.load(
            BitsAndBytesCheckpoint(openCheckpoint(folder: folder)),
            configuration: ModelConfiguration(fields: fields, source: name),
            random: RandomSource(seed: 0)
        )
        #expect(report.missing.isEmpty && report.unexpected.isEmpty && report.mismatched.isEmpty)
        let ids = try fixture["input_ids"].elements().map { try $0.integers() }
        let offsets = ids.reduce(into: [Int32(0)]) { $0.append($0[$0.count - 1] + Int32($1.count)) }
        let batch = try PackedBatch(ids: ids.joined().map(Int32.init), cuSeqlens: offsets, padTokenID: 1)
        let logits = try model.logits(batch).array(of: Double.self)
        let expected = try fixture["logits"].elements().flatMap { try $0.doubles() }
        for (ours, theirs) in try paired(logits, expected) {
            #expect(abs(ours - theirs) <= 1e-4 * max(1, abs(theirs)))
        }
    }
}
