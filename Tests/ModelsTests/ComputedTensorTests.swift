import Checkpoints
import Foundation
import Models
import TestSupport
import Testing
import Torch

/// Tensors in a checkpoint that transformers computes are ignored without a note.
struct ComputedTensorTests {
    @Test(arguments: FamilyTests.variants)
    func `old buffers are ignored silently in every family`(name: String) throws {
        let checkpoint = try openCheckpoint(folder: Fixture.folder.appending(path: "models/\(name)"))
        let buffers = [
            "embeddings.position_ids", "bert.embeddings.position_ids", "roberta.embeddings.position_ids",
            "distilbert.embeddings.position_ids", "electra.embeddings.token_type_ids",
            "embeddings.token_type_ids",
            "deberta.embeddings.position_ids", "position_ids", "model.layers.0.self_attn.rotary_emb.inv_freq",
            "model.rotary_emb.inv_freq", "layers.1.attn.rotary_emb.inv_freq", "rotary_emb.cos_cached",
            "gpt_neox.layers.0.attention.rotary_emb.inv_freq", "gpt_neox.layers.0.attention.bias",
            "gpt_neox.layers.0.attention.masked_bias", "transformer.h.0.attn.bias", "h.1.attn.masked_bias",
        ]
        try withTemporaryFolder { folder in
            var tensors = try checkpoint.tensorNames.map { (name: $0, tensor: try checkpoint.tensor($0)) }
            tensors += try buffers.map { (name: $0, tensor: try Tensor.zeros([1, 3])) }
            try saveSafetensors(tensors, toFolder: folder)
            let (_, report) = try SequenceClassifier.load(
                openCheckpoint(folder: folder),
                configuration: ReferenceModel.configuration(name),
                random: RandomSource(seed: 0)
            )
            #expect(Set(report.computed) == Set(buffers))
            #expect(report.dropped.isEmpty && report.unexpected.isEmpty)
            #expect(report.summary == "\(report.loaded.count) tensors loaded")
        }
    }

    @Test func `weights are not ignored`() throws {
        for name in FamilyTests.variants {
            let checkpoint = try openCheckpoint(folder: Fixture.folder.appending(path: "models/\(name)"))
            for tensor in checkpoint.tensorNames { #expect(!ComputedTensors.contain(tensor), "\(tensor)") }
        }
    }
}
