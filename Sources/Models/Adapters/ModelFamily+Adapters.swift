import Torch

extension ModelFamily {
    /// The layers that get an adapter if none are named: peft's choice, or for families without one (`phi3`, `distilbert`,
    /// `modernbert`) the similar layers of attention.
    ///
    /// Source: `TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING` of peft 0.21 (utils/constants.py).
    var adapterTargets: [String] {
        switch modelType {
        case "gpt2": ["c_attn"]
        case "gpt_neox": ["query_key_value"]
        case "phi3": ["qkv_proj", "o_proj"]
        case "bert", "roberta", "xlm-roberta", "electra": ["query", "value"]
        case "distilbert": ["q_lin", "v_lin"]
        case "modernbert": ["Wqkv"]
        case "deberta-v2": ["query_proj", "value_proj"]
        default: ["q_proj", "v_proj"]
        }
    }
}

extension ModelConfiguration {
    /// Returns the configuration of a model with an adapter's head.
    ///
    /// - Parameters:
    ///   - labels: The adapter's labels by id.
    ///   - problemType: The meaning of its logits; nil takes that of the model.
    /// - Returns: A classifier's configuration.
    /// - Throws: ``ModelError`` for an unknown family.
    package func withAdapter(
        labels: [String],
        problemType: ProblemType?
    ) throws(ModelError) -> ModelConfiguration {
        asClassifier(
            labels: labels,
            architecture: try ModelFamily.of(self).classifierArchitecture,
            padTokenID: nil,
            problemType: problemType ?? (isClassifier ? self.problemType : .singleLabel),
            weightsDType: .float32
        )
    }
}
