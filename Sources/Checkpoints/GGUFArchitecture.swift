/// How llama.cpp names and stores the tensors of an architecture, and what the Hub calls them.
///
/// Source: gguf-py 0.19 (tensor_mapping.py) for the names; llama.cpp's conversion/*.py for what becomes of the values, which
/// transformers 5.23 undoes likewise (modeling_gguf_pytorch_utils.py, `TENSOR_PROCESSORS`) for all but gptneox, bert and
/// modern-bert, which it does not open.
struct GGUFArchitecture: Sendable {
    /// What llama.cpp did to a tensor's values.
    enum Change: Sendable {
        /// Nothing.
        case none
        /// The two rotary halves of every query head lie interleaved; the Hub keeps them apart.
        case interleavedQueries
        /// As ``interleavedQueries``, for the heads of keys.
        case interleavedKeys
        /// Gemma multiplies by one more than a norm's weight; here the one is added already.
        case plusOne
        /// The Hub's matrix is the other way round: GPT-2's `Conv1D`.
        case transposed
        /// All heads' queries, then all keys, then all values; the Hub has them head by head.
        case grouped
    }

    /// A tensor's names without `.weight` or `.bias`; inside a block also without the block's.
    struct Row: Sendable {
        let gguf: String
        let hub: String
        var change = Change.none

        init(_ gguf: String, _ hub: String, _ change: Change = .none) {
            self.gguf = gguf
            self.hub = hub
            self.change = change
        }
    }

    /// What stands before a block's number in the Hub's names, as `blk.` does in GGUF's.
    let block: String
    /// Tensors outside the blocks.
    let outer: [Row]
    /// Tensors of each block.
    let inner: [Row]

    /// Tables of rotary frequencies: hyper-parameters in the Hub's eyes, not tensors.
    static let rotaryTables: Set = [
        "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight",
    ]

    /// The Hub's name for a tensor and what to undo; nil where this architecture has no such tensor.
    func place(of name: String) -> (hub: String, change: Change)? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, let suffix = parts.last, suffix == "weight" || suffix == "bias" else {
            return nil
        }
        let isInner = parts[0] == "blk" && parts.count > 3 && Int(parts[1]) != nil
        let stem = parts[(isInner ? 2 : 0)..<(parts.count - 1)].joined(separator: ".")
        guard let row = (isInner ? inner : outer).first(where: { $0.gguf == stem }) else { return nil }
        let prefix = isInner ? "\(block)\(parts[1])." : ""
        return ("\(prefix)\(row.hub).\(suffix)", row.change)
    }
}
