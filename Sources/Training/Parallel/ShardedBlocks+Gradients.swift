import NN
import ProcessGroups
import Torch

// The backward pass of a divided model.
extension ShardedBlocks {
    /// Runs the backward pass of a micro-batch, and adds the gradients of divided parameters of all ranks on their owners.
    ///
    /// All ranks call it for the same number of micro-batches, some of them without examples.
    ///
    /// - Parameters:
    ///   - value: The micro-batch's part of the step's loss; nil if this rank has no examples.
    ///   - others: The trained parameters that all ranks have, whose gradients are accumulated here.
    /// - Throws: `DistributedError` or `TorchError`.
    func backward(of value: Tensor?, addingTo others: [Parameter]) throws {
        isBackward = true
        defer { (isBackward, computed) = (false, nil) }
        try reportingFailure {
            if let value {
                try value.backward(addingTo: others)
            } else {
                for block in (0..<blockCount).reversed() { try begin(block) }
            }
        }
        if let computed { try gradients?.start(computed) }
        try gradients?.finish()
    }

    /// Returns the gradient norm over all parameters of all ranks, and the factor that clips it to a limit.
    ///
    /// - Parameters:
    ///   - others: The trained parameters whose gradients all ranks have.
    ///   - maxNorm: The limit; 0 for no clipping.
    /// - Returns: The norm before clipping, and the factor: the same on all ranks.
    /// - Throws: `DistributedError` or `TorchError`.
    func clipping(_ others: [Parameter], to maxNorm: Double) throws -> (norm: Double, factor: Double) {
        let known = try gradientClipping(others, to: 0).norm
        let squares = try gradients?.squaredNorms() ?? []
        let norm = squares.reduce(known * known, +).squareRoot()
        return (norm, clippingFactor(norm, to: maxNorm))
    }
}

/// The gradients of the divided parameters, each of which is summed over all ranks on its owner.
///
/// A block's sums start as soon as its backward pass is over, and run while the previous block is computed. Each micro-batch is
/// summed at once, so no rank ever holds the gradients of more than two blocks besides its own.
final class ShardedGradients {
    private let group: ProcessGroup
    private let compression: GradientCompression
    /// The parts of each block.
    private let parts: [[Part]]
    private var running: [Running] = []

    /// The elements to which gradients in a buffer are aligned: vectors of any instruction set.
    private static let alignment = 16

    /// The trained parameters of one block that belong to one rank.
    private final class Part {
        let owner: Int
        let members: [(parameter: Parameter, range: Range<Int>)]
        /// The places of the marks in the buffer: for each parameter, the number of ranks that have a gradient.
        ///
        /// A parameter without a gradient on all ranks must not get one of zeros, because weight decay would change it.
        let marks: Range<Int>
        /// The sums of the micro-batches so far, on the owner.
        var sum: Tensor?

        init(_ parameters: [Parameter], owner: Int) {
            var (members, start) = ([(parameter: Parameter, range: Range<Int>)](), 0)
            for parameter in parameters {
                let end = start + parameter.shape.reduce(1, *)
                members.append((parameter, start..<end))
                start =
                    (end + ShardedGradients.alignment - 1) / ShardedGradients.alignment
                    * ShardedGradients.alignment
            }
            (self.owner, self.members) = (owner, members)
            marks = start..<start + members.count
        }

        /// Moves the gradients into a new buffer.
        func buffer() throws(TorchError) -> Tensor {
            let buffer = try Tensor.zeros([marks.upperBound])
            var found = [Float](repeating: 0, count: members.count)
            for (index, member) in members.enumerated() {
                guard let gradient = try member.parameter.gradient() else { continue }
                try slice(of: buffer, member).assign(gradient)
                try member.parameter.clearGradient()
                found[index] = 1
            }
            try buffer.narrowed(0, to: marks).assign(Tensor(found))
            return buffer
        }

        /// A parameter's part of a buffer, in its shape.
        func slice(
            of buffer: Tensor,
            _ member: (parameter: Parameter, range: Range<Int>)
        ) throws(TorchError) -> Tensor {
            try buffer.narrowed(0, to: member.range).reshaped(member.parameter.shape)
        }
    }

    /// A sum in progress.
    private struct Running {
        let part: Part
        let pending: PendingCollective
        /// This rank's gradients, which become the sums on the owner; nil if they are sent in bfloat16.
        let buffer: Tensor?
        /// The gradients of all ranks in bfloat16, on the owner.
        let received: Tensor?
    }

    /// Creates the sums of the trained parameters.
    ///
    /// - Parameters:
    ///   - shards: The places of the parameters.
    ///   - group: The ranks.
    ///   - compression: The type in which gradients are sent.
    init(_ shards: BlockShards, _ group: ProcessGroup, _ compression: GradientCompression) {
        (self.group, self.compression) = (group, compression)
        let trained = shards.all.filter(\.parameter.isTrainable)
        parts = shards.parts.indices.map { block in
            let ofBlock = Dictionary(grouping: trained.filter { $0.block == block }, by: \.owner)
            return ofBlock.keys.sorted().map { Part((ofBlock[$0] ?? []).map(\.parameter), owner: $0) }
        }
    }

    /// Starts to sum the gradients of a block, and waits for those of earlier ones.
    ///
    /// - Parameter block: The index of the block, whose backward pass is over.
    /// - Throws: `DistributedError` or `TorchError`.
    func start(_ block: Int) throws {
        try withNoGradient {
            for part in parts[block] { running.append(try started(part)) }
            try finish(keeping: parts[block].count)
        }
    }

    /// Waits for all sums.
    ///
    /// - Throws: `DistributedError` or `TorchError`.
    func finish() throws { try withNoGradient { try finish(keeping: 0) } }

    private func started(_ part: Part) throws -> Running {
        let buffer = try part.buffer()
        switch compression {
        case .no:
            let pending = try group.startReduce(buffer, to: part.owner)
            return Running(part: part, pending: pending, buffer: buffer, received: nil)
        case .bf16:
            let isOwner = part.owner == group.rank
            let received =
                isOwner ? try Tensor.empty([group.size, part.marks.upperBound], dtype: .bfloat16) : nil
            let pending = try group.startGather(
                buffer.to(dtype: .bfloat16),
                into: received,
                to: part.owner
            )
            return Running(part: part, pending: pending, buffer: nil, received: received)
        }
    }

    /// Waits for the oldest sums until only some are running.
    private func finish(keeping count: Int) throws {
        while running.count > count {
            let oldest = running.removeFirst()
            try group.wait(oldest.pending, "summing gradients")
            guard oldest.part.owner == group.rank, let sum = try summed(oldest) else { continue }
            oldest.part.sum =
                try oldest.part.sum.map { (before) throws(TorchError) in try before + sum } ?? sum
        }
    }

    /// The sums of a finished operation, float32.
    private func summed(_ operation: Running) throws(TorchError) -> Tensor? {
        guard let received = operation.received else { return operation.buffer }
        var sum: Tensor?
        for rank in 0..<group.size {
            let part = try received.narrowed(0, to: rank..<rank + 1).reshaped([received.shape[1]])
                .to(dtype: .float32)
            sum = try sum.map { (before) throws(TorchError) in try before + part } ?? part
        }
        return sum
    }

    /// Makes the sums of a step the gradients of this rank's parameters.
    ///
    /// - Throws: `TorchError`.
    func handOver() throws(TorchError) {
        for part in parts.joined() {
            guard let sum = part.sum else { continue }
            part.sum = nil
            let counts = try sum.narrowed(0, to: part.marks).array(of: Float.self)
            for (member, count) in zip(part.members, counts) where count > 0 {
                try member.parameter.replaceGradient(by: part.slice(of: sum, member))
            }
        }
    }

    /// Returns the squared norms of all gradients in a fixed order, after ``handOver()``.
    ///
    /// - Returns: The same numbers on all ranks, whatever their number.
    /// - Throws: `DistributedError` or `TorchError`.
    func squaredNorms() throws -> [Double] {
        var squares: [Double] = []
        for part in parts.joined() {
            for member in part.members {
                var norm = 0.0
                if part.owner == group.rank, let gradient = try member.parameter.gradient() {
                    norm = try totalNorm([gradient])
                }
                squares.append(norm * norm)
            }
        }
        guard !squares.isEmpty else { return [] }
        // Each number has one owner and is 0 elsewhere, so nothing is rounded.
        let all = try Tensor(squares)
        try group.sum(all, "summing gradient norms")
        return try all.array(of: Double.self)
    }
}
