import Checkpoints

/// The storage of a GGUF file's weights.
///
/// Norms, biases, positions and the classification head are always in float32.
public enum GGUFWeights: String, Sendable, CaseIterable {
    case float32
    case float16
    case bfloat16
    /// Eight bits, with a scale per 32 values.
    case q8_0
    /// Four bits, with a scale and a minimum per 32 values; the token embedding and some of the matrices that matter most in six
    /// bits, as in llama.cpp's `Q4_K_M`.
    case q4_k

    /// `general.file_type`.
    ///
    /// Source: `LlamaFileType` of gguf-py 0.19 (constants.py).
    var fileType: Int {
        switch self {
        case .float32: 0
        case .float16: 1
        case .q8_0: 7
        case .q4_k: 15
        case .bfloat16: 32
        }
    }

    /// Whether values are stored in blocks.
    var isQuantized: Bool { self == .q8_0 || self == .q4_k }

    /// Returns the type of a matrix.
    ///
    /// - Parameters:
    ///   - columns: The width of its rows.
    ///   - matters: Whether it gets more bits if there are few.
    /// - Returns: The type; a similar one if the rows are not a whole number of its blocks, as in llama.cpp.
    ///
    /// Source: llama.cpp, src/llama-quant.cpp.
    func type(columns: Int, matters: Bool) -> GGUFTensorType {
        let wanted: GGUFTensorType =
            switch self {
            case .float32: .f32
            case .float16: .f16
            case .bfloat16: .bf16
            case .q8_0: .q8_0
            case .q4_k: matters ? .q6_k : .q4_k
            }
        if columns.isMultiple(of: wanted.blockSize) { return wanted }
        let similar: GGUFTensorType = wanted == .q4_k ? .q5_0 : .q8_0
        return columns.isMultiple(of: similar.blockSize) ? similar : .f16
    }
}

/// The role of a tensor, by its name in a GGUF file, which determines its type.
struct GGUFTensorRole {
    let name: String
    /// The number of the model's blocks.
    let blockCount: Int

    /// Whether it is a matrix whose values may be rounded.
    var isMatrix: Bool {
        let isKept =
            name.contains("norm") || name.hasPrefix("cls") || name.hasPrefix("position_embd")
            || name.hasPrefix("token_types") || name.hasPrefix("rope_")
        return name.hasSuffix(".weight") && !isKept
    }

    /// Whether errors in its values change the result most: the token embedding, and the attention's values and the output of the
    /// feed-forward in the first and last eighth of the blocks and every third between.
    ///
    /// Source: llama.cpp, src/llama-quant.cpp (`use_more_bits`).
    var matters: Bool {
        if name.hasPrefix("token_embd") { return true }
        let isChosen = ["attn_v.", "attn_qkv.", "ffn_down."].contains { name.contains($0) }
        let parts = name.split(separator: ".")
        guard isChosen, parts.count > 1, let block = Int(parts[1]) else { return false }
        let eighth = blockCount / 8
        return block < eighth || block >= 7 * blockCount / 8 || (block - eighth) % 3 == 2
    }
}
