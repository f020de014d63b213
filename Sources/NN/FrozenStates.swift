package import Torch

/// The states of examples after the frozen first blocks of a model, kept so that later epochs need not compute them again.
///
/// Frozen blocks without dropout turn an example into the same states in every epoch, up to the rounding of products in batches of
/// another size.
package final class FrozenStates {
    /// An example as the model reads it.
    package struct Example: Hashable {
        let ids: [Int32]
        let types: [Int32]?

        package init(ids: [Int32], types: [Int32]?) { (self.ids, self.types) = (ids, types) }
    }

    /// The reason why states cannot be kept.
    package enum Fault: Sendable, Equatable {
        /// The frozen blocks zero other elements in every epoch.
        case dropout
        /// Something below or within the blocks is trained.
        case trained
    }

    /// The number of first blocks whose weights are all frozen.
    package let blockCount: Int
    /// The most bytes to keep; further examples are computed in every epoch.
    package let byteLimit: Int
    /// The bytes of the kept states.
    package private(set) var byteCount = 0
    /// The reason why nothing is kept; nil if states are kept.
    package private(set) var fault: Fault?
    /// The number of batches that were read instead of computed.
    package private(set) var batchesRead = 0
    private var states: [Example: Tensor] = [:]

    /// Creates an empty store.
    ///
    /// - Parameters:
    ///   - blockCount: The number of first blocks whose weights are all frozen.
    ///   - byteLimit: The most bytes to keep.
    package init(blockCount: Int, byteLimit: Int) {
        (self.blockCount, self.byteLimit) = (blockCount, byteLimit)
    }

    /// The states of a batch, if all of its examples are kept; computes and keeps them otherwise.
    ///
    /// - Parameters:
    ///   - examples: The examples of the batch.
    ///   - rowCounts: The number of rows of each example's states.
    ///   - dropout: The stream that dropout draws from; nil turns dropout off.
    ///   - compute: Runs the frozen blocks.
    /// - Returns: `[R, H]`, float32.
    /// - Throws: The errors of `compute`; `.outOfMemory`.
    package func states(
        of examples: [Example],
        rowCounts: [Int],
        dropout: RandomSource?,
        compute: () throws(TorchError) -> Tensor
    ) throws(TorchError) -> Tensor {
        let kept = examples.compactMap { states[$0] }
        if kept.count == examples.count {
            batchesRead += 1
            return try .concatenated(kept)
        }
        let before = try dropout?.state()
        let computed = try compute()
        // Both are the same in every batch.
        if fault == nil, try dropout?.state() != before { fault = .dropout }
        if fault == nil, computed.requiresGradient { fault = .trained }
        guard fault == nil else { return computed }
        var first = 0
        for (example, count) in zip(examples, rowCounts) {
            let rows = first..<first + count
            first += count
            let bytes = count * computed.shape[1] * MemoryLayout<Float>.size
            guard states[example] == nil, byteCount + bytes <= byteLimit else { continue }
            // A copy, because a slice would keep the whole batch.
            states[example] = try computed.narrowed(0, to: rows).copy()
            byteCount += bytes
        }
        return computed
    }
}
