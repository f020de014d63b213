import Checkpoints
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

/// Every field of a `config.json` matters: another value gives another result or an error, or the field is known to have no
/// effect.
struct ConfigurationFieldTests {
    /// Fields that never change a classifier's logits, with or without dropout.
    private static let inert: Set<String> = [
        // Names, labels and the problem type, which are read elsewhere.
        "architectures", "dtype", "transformers_version", "id2label", "label2id", "problem_type",
        // Token ids and generation.
        "bos_token_id", "eos_token_id", "sep_token_id", "cls_token_id", "use_cache", "tie_word_embeddings",
        // Initialization of fresh weights, which these models do not have.
        "initializer_range", "initializer_cutoff_factor",
        // Heads of other tasks.
        "summary_type", "summary_use_proj", "summary_activation", "summary_proj_to_labels",
        "summary_first_dropout", "summary_last_dropout", "qa_dropout", "final_logit_softcapping",
        // Read by transformers without any effect in these families, or with an effect only on how it computes.
        "pretraining_tp", "reorder_and_upcast_attn", "sinusoidal_pos_embds", "_sliding_window_pattern",
        "sparse_prediction", "sparse_pred_ignore_index", "decoder_bias", "reference_compile",
        "deterministic_flash_attn", "legacy",
        // Length limits, which rotary positions do not have.
        "max_position_embeddings", "original_max_position_embeddings",
        // Rules that an explicit `layer_types` replaces.
        "max_window_layers", "sliding_window_pattern", "global_attn_every_n_layers",
        // The padding token: its embedding is not trained, and the batch gets it for pooling.
        "pad_token_id",
    ]
    /// Fields without effect in some of a family's variants: windows that no layer has, or parts that are off.
    private static let inertHere: [String: Set<String>] = [
        "gpt-neox-parallel": ["classifier_dropout"], "gpt-neox-sequential": ["classifier_dropout"],
        "gemma3-linear": ["attn_logit_softcapping"], "gemma3-short-pattern": ["attn_logit_softcapping"],
        "qwen2-yarn": ["sliding_window", "use_sliding_window"],
        "qwen3-wide": ["sliding_window", "use_sliding_window"],
        "phi3-window": ["embd_pdrop"], "phi3-longrope": ["embd_pdrop"], "phi3-partial": ["embd_pdrop"],
        // Distances, for which this model has no embeddings.
        "deberta-v2-absolute": ["max_relative_positions"],
        // One layer, divided by 1.
        "gpt2-plain": ["scale_attn_by_inverse_layer_idx"],
    ]

    /// Another value of the same kind; nil if there is none to try.
    private func other(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .bool(let flag): .bool(!flag)
        case .number(let text):
            text.contains(".") || text.contains("e")
                ? .double((Double(text) ?? 0) * 0.5 + 0.13) : .int((Int(text) ?? 0) + 2)
        case .string: .string("nonsense")
        case .null, .array, .object: nil
        }
    }

    /// The logits of a text in training mode, so that dropout has an effect.
    private func logits(_ configuration: ModelConfiguration, _ reference: ReferenceModel) throws -> [Float] {
        let (model, _) = try SequenceClassifier.load(
            openCheckpoint(folder: reference.folder),
            configuration: configuration,
            random: RandomSource(seed: 0)
        )
        let context = ForwardContext(dropout: try RandomSource(seed: 3))
        return try model.logits(reference.batch(reference.texts()), context).array()
    }

    @Test(arguments: FamilyTests.variants)
    func `another value of a field gives another result or an error`(name: String) throws {
        let reference = try ReferenceModel(name)
        let configuration = try ReferenceModel.configuration(name)
        let expected = try logits(configuration, reference)
        #expect(try logits(configuration, reference) == expected, "the same seed gives the same dropout")
        let exempt = Self.inert.union(Self.inertHere[name] ?? [])
        for field in configuration.fields.members where !exempt.contains(field.name) {
            guard let value = other(field.value) else { continue }
            var fields = configuration.fields
            fields[field.name] = value
            let changed = ModelConfiguration(fields: fields, source: name)
            let found: [Float]
            do {
                found = try logits(changed, reference)
            } catch is ModelError, is CheckpointError {
                // A refusal is also correct. Any other error, such as libtorch's, would be a bug.
                continue
            }
            #expect(found != expected, "\(field.name): \(field.value.compact) → \(value.compact)")
        }
    }

    @Test(arguments: FamilyTests.variants)
    func `fields that are listed as inert have no effect`(name: String) throws {
        let reference = try ReferenceModel(name)
        let configuration = try ReferenceModel.configuration(name)
        let expected = try logits(configuration, reference)
        for field in configuration.fields.members where (Self.inertHere[name] ?? []).contains(field.name) {
            guard let value = other(field.value) else { continue }
            var fields = configuration.fields
            fields[field.name] = value
            #expect(
                try logits(ModelConfiguration(fields: fields, source: name), reference) == expected,
                "\(field.name)"
            )
        }
    }
}
