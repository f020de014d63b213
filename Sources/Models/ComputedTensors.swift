/// Tensors of old checkpoints that are computed from the configuration and learn nothing: position numbers, token types of
/// single texts, rotary frequencies, causal masks.
///
/// Source: `_keys_to_ignore_on_load_unexpected` and `_adjust_missing_and_unexpected_keys` of transformers 5.23.
package enum ComputedTensors {
    /// Whether a tensor is one of them, in any family.
    ///
    /// - Parameter name: The checkpoint's.
    /// - Returns: True for a name that no family gives to a weight.
    package static func contain(_ name: String) -> Bool {
        let steps = name.split(separator: ".")
        switch steps.last {
        case "position_ids", "token_type_ids", "inv_freq", "cos_cached", "sin_cached", "masked_bias":
            return true
        case "bias":
            return steps.count > 1
                && ["attn", "attention", "crossattention"].contains(steps[steps.count - 2])
        default: return name == "rope_freqs.weight"
        }
    }
}
