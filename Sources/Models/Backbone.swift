import NN
import Torch

/// A language model without a head, which turns packed tokens into states.
protocol Backbone {
    /// Width of the states, H.
    var hiddenSize: Int { get }
    /// The text length that the model's positions support; nil if unknown.
    var positionLimit: PositionLimit? { get }
    /// The token embedding.
    var tokenEmbedding: Embedding { get }
    /// The range of valid inputs.
    var limits: InputLimits { get }

    /// Returns the final states.
    ///
    /// - Parameters:
    ///   - batch: T tokens of B examples.
    ///   - rows: The tokens whose states are returned; nil for all. The last block computes queries, output and feed-forward
    ///     only for these, with the same result.
    ///   - context: The settings of the forward pass.
    /// - Returns: `[R, H]`, or `[T, H]`, float32.
    /// - Throws: `.indexOutOfRange` or `.outOfMemory`.
    func states(
        _ batch: PackedBatch,
        rows: PackedRows?,
        _ context: ForwardContext
    ) throws(TorchError) -> Tensor

    /// Describes the same computation on a padded batch, in evaluation.
    ///
    /// - Parameters:
    ///   - g: Collects the operations.
    ///   - inputs: The inputs of the classifier.
    /// - Returns: The final states of all tokens, `[B, S, H]`.
    /// - Throws: ``ModelError`` if an operation cannot be described.
    func describe(_ g: inout GraphBuilder, _ inputs: GraphInputs) throws(ModelError) -> Graph.Value
}

/// The information that every block needs about the batch.
struct BlockPass {
    let batch: PackedBatch
    /// The rows that the block returns; nil for all.
    let rows: PackedRows?
    let context: ForwardContext

    /// The B + 1 offsets of the batch's examples.
    var cuSeqlens: [Int32] { batch.cuSeqlens }

    /// The same pass for all rows.
    var allRows: BlockPass { BlockPass(batch: batch, rows: nil, context: context) }

    /// Whether the block returns only some rows, so that queries have fewer rows than keys.
    var isSelective: Bool { rows != nil }

    /// Returns the wanted rows `[R, ..]` of a tensor `[T, ..]`.
    func selected(_ x: Tensor) throws(TorchError) -> Tensor {
        guard let rows else { return x }
        return try x.gatheringRows(rows.indices)
    }

    /// Returns attention over the batch; `queries` have only the wanted rows, keys and values have all.
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
            random: context.dropout,
            in: context.matmulDType,
            routes: context.productRoutes
        )
    }
}

extension Collection {
    /// Runs blocks in order, the last one only for the wanted rows, with gradient checkpointing if the context asks for it.
    func run(
        _ x: Tensor,
        _ pass: BlockPass,
        _ body: @escaping (Element, Tensor, BlockPass) throws(TorchError) -> Tensor
    ) throws(TorchError) -> Tensor {
        func run(_ blocks: Range<Int>, _ x: Tensor) throws(TorchError) -> Tensor {
            var x = x
            for (index, block) in enumerated().dropFirst(blocks.lowerBound).prefix(blocks.count) {
                let own = index < count - 1 ? pass.allRows : pass
                guard pass.context.checkpointsBlocks else {
                    try pass.context.blockWeights?.begin(index)
                    x = try body(block, x, own)
                    continue
                }
                x = try x.checkpointed(random: pass.context.dropout) { x throws(TorchError) in
                    try pass.context.blockWeights?.begin(index)
                    return try body(block, x, own)
                }
            }
            return x
        }
        guard let kept = pass.context.frozenStates else { return try run(0..<count, x) }
        let frozen = Swift.min(kept.blockCount, count)
        let lengths = zip(pass.cuSeqlens, pass.cuSeqlens.dropFirst()).map { Int($1 - $0) }
        let states = try kept.states(
            of: pass.batch.examples,
            // The last block returns the row of each example that the head reads.
            rowCounts: frozen == count && pass.rows != nil ? lengths.map { _ in 1 } : lengths,
            dropout: pass.context.dropout
        ) { () throws(TorchError) in try run(0..<frozen, x) }
        return try run(frozen..<count, states)
    }
}
