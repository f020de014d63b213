import JSON
import Models

/// An estimate of a classifier's memory, from its configuration and the checkpoint's header.
public struct MemoryEstimate: Sendable, Equatable {
    /// The classifier's parameters: all of the checkpoint except a language-model head.
    public var parameters: Int
    /// The number of texts in the batch of ``prediction``.
    public var batchSize = 8
    /// The tokens of each text; nil if the model sets no limit.
    public var length: Int?
    /// The bytes that this batch takes in addition to the weights; nil if the configuration does not say.
    public var prediction: Int?

    /// The bytes of the weights in float32.
    public var weightsInFloat32: Int { 4 * parameters }
    /// The bytes of the weights in bfloat16.
    public var weightsInBFloat16: Int { 2 * parameters }
    /// The bytes of weights, gradients and AdamW's two moments in float32, without a batch's activations.
    public var training: Int { 16 * parameters }

    /// Creates an estimate.
    ///
    /// - Parameters:
    ///   - blocks: The checkpoint's blocks.
    ///   - configuration: The model's configuration, if there is one.
    ///   - length: The most tokens of a text.
    init(blocks: [ParameterBlock], configuration: ModelConfiguration?, length: Int?) {
        parameters = blocks.filter { $0.role != .languageModelHead }.reduce(0) { $0 + $1.parameters }
        self.length = length
        func size(_ names: String...) -> Int? { names.lazy.compactMap { configuration?[$0].int }.first }
        guard let length, let hidden = size("hidden_size", "n_embd", "dim"), hidden > 0 else { return }
        let wide = size("intermediate_size", "n_inner", "hidden_dim") ?? 4 * hidden
        // The tensors alive at the same time within a layer in evaluation: the hidden states, their norm, and either queries,
        // keys, values and attention output, or the two wide products of the feed-forward and their result.
        let inUse = 2 * hidden + max(4 * hidden, 3 * wide)
        // Doubled for memory that is freed but not returned: a MiniLM and a small Llama took 1.8 and 2.2 times the amount in use.
        let widest = 2 * inUse
        let (bytes, overflow) = (4 * widest).multipliedReportingOverflow(by: batchSize * length)
        prediction = overflow ? nil : bytes
    }
}
