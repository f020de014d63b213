import NN
import Torch

/// A language model without a head: packed tokens to states.
protocol Backbone {
    /// Width of its states, H.
    var hiddenSize: Int { get }
    /// How long a text its positions are made for; nil if nothing says so.
    var positionLimit: PositionLimit? { get }
    /// The table of tokens' vectors.
    var tokenEmbedding: Embedding { get }
    /// The inputs that its tables have rows for.
    var limits: InputLimits { get }

    /// The final states.
    ///
    /// - Parameters:
    ///   - batch: T tokens of B examples.
    ///   - rows: The tokens whose states are wanted; nil for all. The last block computes queries, output and feed-forward
    ///     for these only, which gives the same.
    ///   - context: How to run.
    /// - Returns: `[R, H]`, or `[T, H]`, float32.
    /// - Throws: `.indexOutOfRange` or `.outOfMemory`.
    func states(
        _ batch: PackedBatch,
        rows: PackedRows?,
        _ context: ForwardContext
    ) throws(TorchError) -> Tensor
}

/// What every block needs to know of the batch.
struct BlockPass {
    /// B + 1 offsets.
    let cuSeqlens: [Int32]
    /// The rows that the block is to return; nil for all.
    let rows: PackedRows?
    let context: ForwardContext

    /// The same for every row.
    var allRows: BlockPass { BlockPass(cuSeqlens: cuSeqlens, rows: nil, context: context) }

    /// Those rows of a tensor `[T, ..]`: `[R, ..]`.
    func selected(_ x: Tensor) throws(TorchError) -> Tensor {
        guard let rows else { return x }
        return try x.gatheringRows(rows.indices)
    }

    /// Attention over the batch; `queries` hold the rows that are to be returned, keys and values all.
    func attention(
        _ queries: Tensor,
        _ keys: Tensor,
        _ values: Tensor,
        _ options: AttentionOptions
    ) throws(TorchError) -> Tensor {
        try queries.variableLengthAttention(
            keys: keys,
            values: values,
            cuSeqlens: cuSeqlens,
            rows: rows,
            options: options,
            random: context.dropout
        )
    }
}

extension Collection {
    /// Runs blocks one after another; the last one for the wanted rows only, each checkpointed where the context says so.
    func run(
        _ x: Tensor,
        _ pass: BlockPass,
        _ body: @escaping (Element, Tensor, BlockPass) throws(TorchError) -> Tensor
    ) throws(TorchError) -> Tensor {
        var x = x
        for (index, block) in enumerated() {
            let own = index < count - 1 ? pass.allRows : pass
            guard pass.context.checkpointsBlocks else {
                x = try body(block, x, own)
                continue
            }
            x = try x.checkpointed(random: pass.context.dropout) { x throws(TorchError) in
                try body(block, x, own)
            }
        }
        return x
    }
}
