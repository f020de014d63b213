public import Torch

/// A Llama-architecture GGUF under the Hub's tensor names and with its rows in the Hub's order.
///
/// Source: transformers 5.23, modeling_gguf_pytorch_utils.py (`LlamaTensorProcessor`); gguf-py's tensor_mapping.py.
public struct HubNamedGGUF: Checkpoint {
    /// The Hub's names, sorted.
    public let tensorNames: [String]
    private let file: GGUFFile
    private let ggufNames: [String: String]
    private let headCount: Int
    private let keyValueHeadCount: Int

    /// Names outside the blocks: GGUF's, and the Hub's.
    private static let outer = [
        ("token_embd.weight", "model.embed_tokens.weight"), ("output_norm.weight", "model.norm.weight"),
        ("output.weight", "lm_head.weight"),
    ]
    /// Names inside block N, after `blk.N.` and `model.layers.N.`; `.weight` or `.bias` follows.
    private static let inner = [
        "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    ]

    /// Looks at a file through the Hub's names.
    ///
    /// - Parameter file: Of the llama architecture.
    /// - Throws: `.corrupt` where the head counts are missing.
    public init(_ file: GGUFFile) throws(CheckpointError) {
        guard let heads = file.metadata["llama.attention.head_count"]?.int, heads > 0 else {
            throw CheckpointError(
                .corrupt,
                "the GGUF file does not say how many attention heads its model has"
            )
        }
        self.file = file
        headCount = heads
        keyValueHeadCount = file.metadata["llama.attention.head_count_kv"]?.int ?? heads
        var names: [String: String] = [:]
        for name in file.tensorNames where name != "rope_freqs.weight" { names[Self.hubName(name)] = name }
        ggufNames = names
        tensorNames = names.keys.sorted()
    }

    /// The Hub's name for a tensor of a GGUF; its own where there is none.
    static func hubName(_ name: String) -> String {
        if let outer = outer.first(where: { $0.0 == name }) { return outer.1 }
        let parts = name.split(separator: ".").map(String.init)
        guard parts.count == 4, parts[0] == "blk", let place = inner[parts[2]] else { return name }
        return "model.layers.\(parts[1]).\(place).\(parts[3])"
    }

    /// What is known of a tensor without reading it.
    ///
    /// - Parameter name: As in ``tensorNames``.
    /// - Returns: Shape and storage, or nil.
    public func info(_ name: String) -> TensorInfo? { ggufNames[name].flatMap(file.info) }

    /// A tensor in float32, dequantised.
    ///
    /// - Parameter name: As in ``tensorNames``.
    /// - Returns: The tensor, on the CPU.
    /// - Throws: `.missing` where there is none; `.corrupt` where its rows do not go with the heads.
    public func tensor(_ name: String) throws(CheckpointError) -> Tensor {
        guard let ggufName = ggufNames[name] else {
            throw CheckpointError(.missing, "the GGUF file has no tensor \"\(name)\"")
        }
        let tensor = try file.tensor(ggufName)
        if ggufName.contains(".attn_q.") { return try unpermuted(tensor, heads: headCount, name: ggufName) }
        if ggufName.contains(".attn_k.") {
            return try unpermuted(tensor, heads: keyValueHeadCount, name: ggufName)
        }
        return tensor
    }

    /// llama.cpp interleaves each head's two rotary halves; the Hub keeps them apart.
    private func unpermuted(_ tensor: Tensor, heads: Int, name: String) throws(CheckpointError) -> Tensor {
        let shape = tensor.shape
        guard heads > 0, let rows = shape.first, rows.isMultiple(of: heads * 2) else {
            throw CheckpointError(
                .corrupt,
                "tensor \"\(name)\" of shape \(shape) does not divide into \(heads) heads"
            )
        }
        do throws(TorchError) {
            return try tensor.reshaped([heads, rows / heads / 2, 2] + shape.dropFirst())
                .transposed(1, 2).contiguous().reshaped(shape)
        } catch {
            throw CheckpointError(.inputOutput, "tensor \"\(name)\": \(error)")
        }
    }
}
