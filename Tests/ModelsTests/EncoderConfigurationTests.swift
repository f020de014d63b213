import Checkpoints
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

/// Invalid and optional fields in configurations of DeBERTa and ModernBERT.
struct EncoderConfigurationTests {
    /// The error message of loading a fixture's weights with a changed configuration; "nothing" if it loads.
    private func complaint(_ name: String, _ changes: [String: JSONValue]) throws -> String {
        var fields = try ReferenceModel.configuration(name).fields
        for (field, value) in changes { fields[field] = value }
        do {
            _ = try SequenceClassifier.load(
                openCheckpoint(folder: Fixture.folder.appending(path: "models/\(name)")),
                configuration: ModelConfiguration(fields: fields, source: "config.json"),
                random: RandomSource(seed: 0)
            )
            return "nothing"
        } catch { return "\(error)" }
    }

    @Test func `an invalid field of relative attention is named`() throws {
        #expect(
            try complaint("deberta-v3", ["pos_att_type": .array([.string("c2p"), .string("p2p")])])
                == "config.json: `pos_att_type` contains \"p2p\"; supported are c2p and p2c"
        )
        #expect(
            try complaint("deberta-v3", ["pos_att_type": .int(3)]).contains("expected a list of c2p and p2c")
        )
        for changes: [String: JSONValue] in [
            ["position_buckets": .int(1)], ["position_buckets": .int(200)],
            ["max_relative_positions": .int(5)],
        ] {
            #expect(try complaint("deberta-v3", changes).contains("`position_buckets` is "))
        }
        #expect(
            try complaint("deberta-v3", ["attention_head_size": .int(7)])
                == "config.json: `attention_head_size` is 7, but must be `hidden_size` over `num_attention_heads`, 10"
        )
        #expect(try complaint("deberta-v3", ["attention_head_size": .int(10)]) == "nothing")
    }

    @Test func `an invalid convolution is named`() throws {
        for changes: [String: JSONValue] in [["conv_kernel_size": .int(4)], ["conv_groups": .int(5)]] {
            #expect(try complaint("deberta-v2-conv", changes).contains("`conv_kernel_size` must be odd"))
        }
        // Without the convolution, its weights are not used.
        #expect(try complaint("deberta-v2-conv", ["conv_kernel_size": .int(0)]) == "nothing")
    }

    @Test func `a ModernBERT with other pooling or attention is refused`() throws {
        #expect(
            try complaint("modernbert-cls", ["classifier_pooling": .string("max")])
                == "config.json: `classifier_pooling` is \"max\"; supported are cls and mean"
        )
        let types = JSONValue.array(Array(repeating: .string("chunked_attention"), count: 4))
        #expect(try complaint("modernbert-cls", ["layer_types": types]).contains("layer_types"))
    }

    @Test func `a classifier checkpoint must contain its whole head`() throws {
        #expect(
            try complaint("modernbert-cls", ["classifier_bias": .bool(true)]).contains(
                "1 missing (head.dense.bias)"
            )
        )
    }

    @Test func `a classifier starts from the prediction head of a masked ModernBERT`() throws {
        var fields = try ReferenceModel.configuration("modernbert-cls").fields
        fields["architectures"] = .array([.string("ModernBertForMaskedLM")])
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["x", "y", "z"]
        let (_, report) = try SequenceClassifier.load(
            openCheckpoint(folder: Fixture.folder.appending(path: "models/modernbert-cls")),
            configuration: ModelConfiguration(fields: fields, source: "config.json"),
            options: options,
            random: RandomSource(seed: 0)
        )
        #expect(report.fresh == ["classifier.weight", "classifier.bias"])
        #expect(report.loaded.contains("head.dense.weight"))
    }
}
