import JSON
import Models

/// About how much memory a classifier needs, counted from its configuration and the checkpoint's header.
public struct MemoryEstimate: Sendable, Equatable {
    /// The classifier's parameters: all of the checkpoint's but a language-model head.
    public var parameters: Int
    /// Texts of the batch that ``prediction`` is for.
    public var batchSize = 8
    /// Tokens of each of them; nil where the model sets no limit.
    public var length: Int?
    /// Bytes that such a batch takes on top of the weights; nil where the configuration does not tell.
    public var prediction: Int?

    /// Bytes of the weights in float32.
    public var weightsInFloat32: Int { 4 * parameters }
    /// Bytes of the weights in bfloat16.
    public var weightsInBFloat16: Int { 2 * parameters }
    /// Bytes of weights, gradients and AdamW's two moments in float32; a batch's activations come on top.
    public var training: Int { 16 * parameters }

    /// An estimate.
    ///
    /// - Parameters:
    ///   - blocks: The checkpoint's.
    ///   - configuration: The model's, where there is one.
    ///   - length: Tokens of a text at the most.
    init(blocks: [ParameterBlock], configuration: ModelConfiguration?, length: Int?) {
        parameters = blocks.filter { $0.role != .languageModelHead }.reduce(0) { $0 + $1.parameters }
        self.length = length
        func size(_ names: String...) -> Int? { names.lazy.compactMap { configuration?[$0].int }.first }
        guard let length, let hidden = size("hidden_size", "n_embd", "dim"), hidden > 0 else { return }
        let wide = size("intermediate_size", "n_inner", "hidden_dim") ?? 4 * hidden
        // What lives at once within a layer in evaluation: the stream, its norm, and either queries, keys, values and what
        // attention gives, or the feed-forward's two wide products and theirs.
        let inUse = 2 * hidden + max(4 * hidden, 3 * wide)
        // As much again for what is freed and not given back: a MiniLM and a small Llama took 1.8 and 2.2 times what is in use.
        let widest = 2 * inUse
        let (bytes, overflow) = (4 * widest).multipliedReportingOverflow(by: batchSize * length)
        prediction = overflow ? nil : bytes
    }
}
