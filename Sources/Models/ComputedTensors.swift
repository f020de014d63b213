/// Buffers in old checkpoints that are computed from the configuration and never trained: position ids, token types of single
/// texts, rotary frequencies, causal masks.
///
/// Source: `_keys_to_ignore_on_load_unexpected` and `_adjust_missing_and_unexpected_keys` of transformers 5.23.
package enum ComputedTensors {
    /// Returns whether a tensor is such a buffer, in any family.
    ///
    /// - Parameter name: The tensor's name in the checkpoint.
    /// - Returns: True for a name that is not a weight's in any family.
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
