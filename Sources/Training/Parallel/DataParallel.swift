import NN
import ProcessGroups
import Torch

/// Data-parallel training: every rank computes a part of each step, and all take the same step with the summed gradients.
///
/// Losses are divided by the weight of the whole step, so gradients are summed, not averaged, and a step of N ranks is the same
/// as that of one process with all examples.
final class DataParallel {
    /// The processes of the run.
    let group: ProcessGroup
    /// The wishes of the exchanges so far: to stop, which remains, and to save, until ``takeSave()``.
    private(set) var agreed = (stop: false, save: false)
    /// The blocks whose weights are divided among the ranks; nil if all ranks have all weights.
    var sharded: ShardedBlocks?
    /// The ranks that update a trained parameter alone, by its name; empty if all update all.
    var owners: [String: Int] = [:]
    private let division: WindowShare
    private let arguments: TrainingArguments
    private let parameters: [Parameter]
    private let tokenTable: Parameter?
    private let isInBlock: (Parameter) -> Bool
    private var reduction: Reduction?
    private var hasExchanged = false

    /// The trained parameters and their buffers.
    private struct Reduction {
        let trained: [Parameter]
        /// Nil without trained parameters, if all of them are divided.
        let buckets: GradientBuckets?
        /// The parameters whose gradients are complete as soon as the backward pass reports them.
        let early: [Int]
    }

    /// Creates the state of a run.
    ///
    /// - Parameters:
    ///   - group: The processes of the run.
    ///   - parameters: The model's parameters; those that are trainable in the first step are exchanged.
    ///   - tokenTable: The token embedding, of whose gradient only the rows that a step uses are exchanged; nil exchanges all.
    ///   - arguments: The training arguments.
    ///   - isInBlock: Whether a parameter is used in only one block, so that the backward pass reports its gradient once.
    init(
        _ group: ProcessGroup,
        parameters: [Parameter],
        tokenTable: Parameter?,
        arguments: TrainingArguments,
        isInBlock: @escaping (Parameter) -> Bool
    ) {
        (self.group, self.parameters, self.tokenTable) = (group, parameters, tokenTable)
        (self.arguments, self.isInBlock) = (arguments, isInBlock)
        division = WindowShare(among: group.size, arguments)
    }

    /// Fills a step's examples up to whole batches if the run reproduces accelerate's.
    ///
    /// - Parameters:
    ///   - window: The examples of the step.
    ///   - order: All examples of the epoch.
    /// - Returns: The examples of the step.
    func completed(_ window: ArraySlice<Int>, of order: [Int]) -> ArraySlice<Int> {
        division.completed(window, of: order)
    }

    /// Returns the examples that this rank computes.
    ///
    /// - Parameters:
    ///   - window: The examples of the step.
    ///   - lengths: Their numbers of tokens.
    /// - Returns: Some of the examples in their order; may be empty.
    func share(of window: ArraySlice<Int>, lengths: [Int]) -> ArraySlice<Int> {
        let places = division.places(lengths)[group.rank]
        return ArraySlice(places.map { window[window.startIndex + $0] })
    }

    /// Runs the backward pass of a micro-batch; within the last one, sums of complete gradients start.
    ///
    /// - Parameters:
    ///   - value: The micro-batch's part of the step's loss; nil if this rank has no examples.
    ///   - isLast: Whether it is this rank's last micro-batch of the step.
    /// - Throws: `DistributedError` or `TorchError`.
    func reduceDuringBackward(of value: Tensor?, isLast: Bool) throws {
        let reduction = try self.reduction ?? begin()
        let trained = reduction.trained
        if let sharded { return try sharded.backward(of: value, addingTo: trained) }
        guard let value else { return }
        guard isLast else { return try value.backward(addingTo: trained) }
        var failure: (any Error)?
        do {
            try value.backward(tellingOf: reduction.early.map { trained[$0].value }) {
                (place) throws(TorchError) in
                do {
                    try reduction.buckets?.collect(reduction.early[place])
                } catch let error as TorchError {
                    throw error
                } catch {
                    // Ends the backward pass, which can only pass on errors of tensor operations.
                    failure = error
                    throw TorchError(operation: "backward", message: "\(error)")
                }
            }
        } catch {
            throw failure ?? error
        }
    }

    /// Creates the buffers in the first step, when the trained parameters are known.
    private func begin() throws -> Reduction {
        let trained = parameters.filter { $0.isTrainable && sharded?.contains($0) != true }
        // The exchange of divided weights has its own order, which sums of other gradients must not disturb.
        let isInBlock: (Parameter) -> Bool = sharded == nil ? self.isInBlock : { _ in false }
        let new = Reduction(
            trained: trained,
            buckets: trained.isEmpty
                ? nil
                : try GradientBuckets(
                    trained,
                    group,
                    compression: arguments.ddpCommHook,
                    capacity: (arguments.ddpBucketCapMB << 20) / DType.float32.byteWidth,
                    table: tokenTable,
                    isInBlock: isInBlock
                ),
            early: trained.indices.filter { isInBlock(trained[$0]) }
        )
        reduction = new
        // A mistake that would let ranks wait for each other shows in the first step.
        group.checksFirstCollectives(true)
        return new
    }

    /// Waits until all gradients are summed over all ranks; they are then the gradients of the parameters.
    ///
    /// - Parameter usedRows: Returns the rows of the token embedding that the step uses on any rank, of its number of rows.
    /// - Throws: `DistributedError` or `TorchError`.
    func finishGradients(_ usedRows: (Int) -> UsedRows) throws {
        try reduction?.buckets?.finish(usedRows)
        try sharded?.gradients?.handOver()
    }

    /// Returns the gradient norm over all parameters, and the factor that clips it to a limit.
    ///
    /// - Parameter maxNorm: The limit; 0 for no clipping.
    /// - Returns: The norm before clipping, and the factor: the same on all ranks.
    /// - Throws: `DistributedError` or `TorchError`.
    func clipping(to maxNorm: Double) throws -> (norm: Double, factor: Double) {
        guard let sharded else { return try gradientClipping(parameters.filter(\.isTrainable), to: maxNorm) }
        return try sharded.clipping(reduction?.trained ?? [], to: maxNorm)
    }

    /// Runs the passes of a step for which this rank has no examples, because the others need its weights.
    ///
    /// - Parameters:
    ///   - window: The examples of the step.
    ///   - lengths: Their numbers of tokens.
    ///   - microBatches: Returns the micro-batches of a rank's examples.
    /// - Throws: `DistributedError` or `TorchError`.
    func passWithoutExamples(
        _ window: ArraySlice<Int>,
        lengths: [Int],
        _ microBatches: (ArraySlice<Int>) -> [ArraySlice<Int>]
    ) throws {
        guard let sharded else { return }
        let counts = division.places(lengths).map { places in
            microBatches(ArraySlice(places.map { window[window.startIndex + $0] })).count
        }
        for _ in counts[group.rank]..<(counts.max() ?? 0) {
            try sharded.passWithoutExamples()
            try reduceDuringBackward(of: nil, isLast: false)
        }
    }

    /// Sums the loss of a step, and the wishes of all ranks.
    ///
    /// - Parameters:
    ///   - loss: This rank's part of the loss.
    ///   - wantsStop: Whether this rank wants to stop.
    ///   - wantsSave: Whether this rank wants a checkpoint.
    /// - Returns: The loss of the step; ``agreed`` has the wishes.
    /// - Throws: `DistributedError` or `TorchError`.
    func exchange(loss: Double, wantsStop: Bool, wantsSave: Bool) throws -> Double {
        let numbers = try Tensor([loss, wantsStop ? 1 : 0, wantsSave ? 1 : 0])
        try group.sum(numbers, "exchanging the loss")
        let sums = try numbers.array(of: Double.self)
        agreed = (agreed.stop || sums[1] > 0, agreed.save || sums[2] > 0)
        if !hasExchanged {
            hasExchanged = true
            group.checksFirstCollectives(false)
        }
        return sums[0]
    }

    /// Returns whether a checkpoint was agreed on, once.
    func takeSave() -> Bool {
        defer { agreed.save = false }
        return agreed.save
    }

    /// Returns the first rank for which something is true.
    ///
    /// - Parameter isTrue: Whether it is true for this rank.
    /// - Returns: The rank; nil if it is true for none.
    /// - Throws: `DistributedError`.
    func firstRank(where isTrue: Bool) throws -> Int? {
        let counts = [Int](repeating: 1, count: group.size)
        return try group.gathered([isTrue ? 1 : 0], counts: counts, "comparing gradients")
            .firstIndex { $0 > 0 }
    }
}
