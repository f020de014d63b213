package import Models
package import NN
package import ProcessGroups
package import Torch

/// A model whose blocks' weights are divided among the ranks of a group: ZeRO-3.
///
/// The values of a block are received from their owners before the block is used, in the forward pass and again before it is
/// recomputed in the backward pass; those of the next block are on their way meanwhile. All ranks use the blocks in the same
/// order, so they start the same operations.
///
/// Source: Rajbhandari et al. 2020; FSDP of torch.
package final class ShardedBlocks: BlockWeights {
    let group: ProcessGroup
    /// The places of the weights.
    let shards: BlockShards
    /// The sums of gradients; nil before training.
    var gradients: ShardedGradients?
    /// Whether a backward pass is running.
    var isBackward = false
    /// The block that the backward pass computes.
    var computed: Int?
    /// Whether this rank reads or writes a checkpoint, in which the others follow it.
    var isLeading = false
    /// The block whose values of all ranks are in memory.
    private(set) var current: Int?
    /// The error that ended a pass, which can only pass on errors of tensor operations.
    private var failure: (any Error)?
    /// The blocks whose values are in memory or on their way.
    private var fetched: Set<Int> = []
    private var arriving: [Int: [PendingCollective]] = [:]

    /// Connects the ranks of a divided model.
    ///
    /// - Parameters:
    ///   - shards: The places of the weights on this rank.
    ///   - group: The ranks.
    init(_ shards: BlockShards, _ group: ProcessGroup) { (self.shards, self.group) = (shards, group) }

    /// The number of blocks.
    var blockCount: Int { shards.parts.count }

    /// The ranks of the divided parameters, by name.
    var owners: [String: Int] {
        Dictionary(shards.all.map { ($0.parameter.name, $0.owner) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether a parameter's values belong to one rank.
    ///
    /// - Parameter parameter: The parameter.
    /// - Returns: False for a parameter that all ranks have.
    func contains(_ parameter: Parameter) -> Bool { shards[parameter.name] != nil }

    /// The bytes of other ranks' weights that are in memory or on their way.
    var foreignByteCount: Int {
        fetched.flatMap(foreignParts).reduce(0) { $0 + $1.bytes.count }
    }

    /// The bytes of other ranks' weights by their pages in memory.
    var foreignResidentByteCount: Int {
        shards.parts.indices.flatMap(foreignParts).reduce(0) { $0 + $1.residentByteCount }
    }

    private func foreignParts(_ block: Int) -> [BlockShards.Part] {
        shards.parts[block].filter { $0.owner != group.rank }
    }

    // MARK: Values

    /// Moves the values of a parameter to their place on their owner, and drops them on other ranks.
    ///
    /// - Parameter parameter: The parameter, with values.
    /// - Throws: `TorchError`.
    package func take(_ parameter: Parameter) throws { try shards.take(parameter) }

    /// Waits for the values of a block, and begins to receive those of the next one.
    ///
    /// In a backward pass it also begins to sum the gradients of the block before.
    ///
    /// - Parameter block: The index of the block.
    /// - Throws: `TorchError`; ``reportingFailure(_:)`` has the error of the group.
    package func begin(_ block: Int) throws(TorchError) {
        try keepingFailure {
            if isBackward {
                // All gradients of a block are known when the next one begins.
                if let computed, computed != block { try gradients?.start(computed) }
                computed = block
            }
            try fetch(block)
            try startFetching(block + (isBackward ? -1 : 1))
        }
    }

    /// Runs the forward pass of a batch that only other ranks have.
    ///
    /// - Throws: `DistributedError` or `TorchError`.
    func passWithoutExamples() throws {
        try reportingFailure { for block in 0..<blockCount { try begin(block) } }
    }

    /// Waits for the values of a block, and gives back the pages of all others.
    ///
    /// - Parameter block: The index of the block.
    /// - Throws: `DistributedError` or `TorchError`.
    func fetch(_ block: Int) throws {
        guard block != current else { return }
        try startFetching(block)
        try awaitArrival(of: block)
        for other in fetched where other != block { try drop(other) }
        current = block
    }

    /// Begins to receive the values of a block, unless it has begun.
    private func startFetching(_ block: Int) throws {
        guard shards.parts.indices.contains(block), fetched.insert(block).inserted else { return }
        var pending: [PendingCollective] = []
        for part in shards.parts[block] {
            pending.append(try group.startBroadcast(part.bytes, from: part.owner))
        }
        arriving[block] = pending
    }

    private func awaitArrival(of block: Int) throws {
        for pending in arriving.removeValue(forKey: block) ?? [] {
            try group.wait(pending, "gathering weights")
        }
    }

    /// Gives back the pages of a block's values of other ranks.
    private func drop(_ block: Int) throws {
        try awaitArrival(of: block)
        fetched.remove(block)
        for part in foreignParts(block) { part.release() }
    }

    /// Gives back the pages of all values of other ranks, for example because their owners have changed them.
    ///
    /// - Throws: `DistributedError` or `TorchError`.
    func forget() throws {
        for block in fetched { try drop(block) }
        current = nil
    }

    /// Receives the values of all blocks.
    ///
    /// - Parameter isKept: Whether this rank keeps them; if not, a block's pages are given back before the next one.
    /// - Throws: `DistributedError` or `TorchError`.
    func fetchAll(keeping isKept: Bool) throws {
        try forget()
        for block in 0..<blockCount {
            try startFetching(block)
            try awaitArrival(of: block)
            if !isKept { try drop(block) }
        }
    }

    // MARK: Errors

    /// Runs a part of a pass, and keeps its error if it is none of a tensor operation.
    ///
    /// - Parameter body: The part.
    /// - Throws: `TorchError`, with the text of another error.
    func keepingFailure(_ body: () throws -> Void) throws(TorchError) {
        do {
            try body()
        } catch let error as TorchError {
            throw error
        } catch {
            failure = failure ?? error
            throw TorchError(operation: "blocks", message: "\(error)")
        }
    }

    /// Runs passes, and throws the error that ended one instead of its text.
    ///
    /// - Parameter body: The passes.
    /// - Returns: The result of `body`.
    /// - Throws: The errors of `body`; `DistributedError`.
    func reportingFailure<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw cause(of: error) }
    }

    /// Returns the error that ended a pass, if there is one.
    ///
    /// - Parameter error: The error of a pass.
    /// - Returns: The error of the group, or `error` itself.
    func cause(of error: any Error) -> any Error { failure ?? error }
}

extension ShardedBlocks {
    /// Divides the weights of a model among ranks, unless loading has done that, and connects the ranks.
    ///
    /// - Parameters:
    ///   - model: The model, equal on all ranks, on the CPU.
    ///   - group: The ranks.
    /// - Returns: The blocks, which the model uses from now on.
    /// - Throws: `TorchError`.
    @discardableResult
    package static func connect(
        _ model: SequenceClassifier,
        _ group: ProcessGroup
    ) throws -> ShardedBlocks {
        if let connected = model.shardedBlocks, connected.group === group { return connected }
        let shards: BlockShards
        if let placed = model.blockWeights as? BlockShards {
            shards = placed
        } else {
            // What an adapter trains is small, and stays whole on every rank.
            let parameters = model.parameters.parameters.filter { model.adapter == nil || $0.isFrozen }
            shards = try BlockShards(parameters, rank: group.rank, of: group.size)
            for parameter in parameters { try shards.take(parameter) }
        }
        shards.leaveOutReplaced()
        let blocks = ShardedBlocks(shards, group)
        model.blockWeights = blocks
        return blocks
    }

    /// Prepares a training run, when it is known which parameters are trained.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - compression: The type in which gradients are sent.
    /// - Throws: `DistributedError` or `TorchError`.
    func prepare(toTrain model: SequenceClassifier, _ compression: GradientCompression) throws {
        // An adapter may have replaced quantized values by those that it trains.
        shards.leaveOutReplaced()
        if model.adapter != nil {
            for slot in shards.all where !slot.parameter.isFrozen {
                try fetch(slot.block)
                try shards.giveBack(slot.parameter.name)
            }
            try forget()
        }
        gradients = ShardedGradients(shards, group, compression)
    }
}

extension SequenceClassifier {
    /// The divided weights of the blocks; nil if this process has all weights.
    package var shardedBlocks: ShardedBlocks? { blockWeights as? ShardedBlocks }
}
