/// The tensor names of an architecture in llama.cpp and on the Hub, and how llama.cpp changes the values.
///
/// Source: gguf-py 0.19 (tensor_mapping.py) for the names; llama.cpp's conversion/*.py for the changes to values. transformers
/// 5.23 undoes the changes in the same way (modeling_gguf_pytorch_utils.py, `TENSOR_PROCESSORS`) for all architectures except
/// gptneox, bert and modern-bert, which it cannot open.
struct GGUFArchitecture: Sendable {
    /// How llama.cpp changed a tensor's values.
    enum Change: Sendable {
        /// The values are unchanged.
        case none
        /// The two rotary halves of every query head are interleaved; the Hub keeps them apart.
        case interleavedQueries
        /// Like ``interleavedQueries``, for the key heads.
        case interleavedKeys
        /// Gemma multiplies by one plus a norm's weight; in the GGUF file the one is already added.
        case plusOne
        /// The Hub's matrix is transposed: GPT-2's `Conv1D`.
        case transposed
        /// All heads' queries come first, then all keys, then all values; the Hub stores them head by head.
        case grouped
        /// The first rows, which no token uses, are missing: RoBERTa's positions up to the padding token's id.
        case afterPadding
    }

    /// A tensor's names without `.weight` or `.bias`; inside a block also without the block's prefix.
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

    /// The prefix before a block's number in the Hub's names, like `blk.` in GGUF's.
    let block: String
    /// Tensors outside the blocks.
    let outer: [Row]
    /// Tensors of each block.
    let inner: [Row]

    /// Tables of rotary frequencies, which the Hub stores as hyperparameters instead of tensors.
    static let rotaryTables: Set = [
        "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight",
    ]

    /// Looks up an architecture.
    ///
    /// - Parameters:
    ///   - name: The file's `general.architecture`.
    ///   - modelType: The Hub's `model_type`, if known; RoBERTa's files are of the architecture `bert`.
    /// - Returns: The architecture; nil if it is not supported.
    static func of(_ name: String, modelType: String?) -> GGUFArchitecture? {
        let isRoberta = modelType == "roberta" || modelType == "xlm-roberta"
        return name == "bert" && isRoberta ? roberta : all[name]
    }

    /// The name in the file for a tensor of the Hub, and the change to make; nil if the architecture has no such tensor.
    func place(ofHub name: String) -> (gguf: String, change: Change)? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, let suffix = parts.last, suffix == "weight" || suffix == "bias" else {
            return nil
        }
        let stem = name.dropLast(suffix.count + 1)
        if let row = outer.first(where: { $0.hub == stem }) { return ("\(row.gguf).\(suffix)", row.change) }
        guard stem.hasPrefix(block) else { return nil }
        let rest = stem.dropFirst(block.count).split(separator: ".", maxSplits: 1)
        guard rest.count == 2, let number = Int(rest[0]), let row = inner.first(where: { $0.hub == rest[1] })
        else { return nil }
        return ("blk.\(number).\(row.gguf).\(suffix)", row.change)
    }

    /// The Hub's name for a tensor and the change to undo; nil if the architecture has no such tensor.
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
