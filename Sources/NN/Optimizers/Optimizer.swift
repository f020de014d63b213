public import Torch

/// The rule of an optimizer: its state per parameter, and one step.
public protocol OptimizerRule: Sendable {
    /// Returns the state of a parameter before the first step.
    ///
    /// - Parameter parameter: The parameter.
    /// - Returns: Named tensors; in checkpoints the names follow the parameter's name.
    /// - Throws: `.outOfMemory`.
    func initialState(of parameter: Parameter) throws(TorchError) -> [(name: String, tensor: Tensor)]

    /// Performs one step in place.
    ///
    /// - Parameters:
    ///   - updates: Parameters with the same hyperparameters; may be empty.
    ///   - numbers: The step's hyperparameters.
    /// - Throws: `.failed` or `.outOfMemory`.
    func update(_ updates: [ParameterUpdate], _ numbers: StepHyperparameters) throws(TorchError)

    /// Returns whether ``update(_:_:)`` updates a bfloat16 parameter directly, with stochastic rounding.
    ///
    /// - Parameter parameter: A bfloat16 parameter.
    /// - Returns: False if the rule needs float32 values instead, which the optimizer then rounds.
    func updatesBFloat16(_ parameter: ParameterUpdate) -> Bool

    /// Whether ``update(_:_:)`` writes every ``ParameterUpdate/bfloat16Copy``.
    var writesNarrowCopies: Bool { get }

    /// Whether the state of an embedding takes memory only for rows that had a gradient, if the device allows it.
    var keepsEmbeddingStateOnDemand: Bool { get }
}

/// A parameter and its state in one step.
public struct ParameterUpdate {
    /// The weights, updated in place.
    public let value: Tensor
    /// The gradient, which may be overwritten; for an embedding it may have only some rows.
    public let gradient: Tensor
    /// The optimizer state in the order of ``OptimizerRule/initialState(of:)``, updated in place.
    public let state: [Tensor]
    /// The key of the random bits that round a bfloat16 value in this step.
    public let roundingKey: UInt64
    /// The bfloat16 copy of float32 weights, which a rule with ``OptimizerRule/writesNarrowCopies`` must write; nil if there is
    /// no copy.
    public var bfloat16Copy: Tensor? { parameter?.existingBFloat16Copy }
    /// The parameter; nil for float32 values that temporarily replace narrower ones.
    let parameter: Parameter?
}

/// The hyperparameters of a step.
public struct StepHyperparameters: Sendable, Equatable {
    /// One-based number of the step.
    public var step: Int
    /// The learning rate of the step.
    public var learningRate: Double
    /// The fraction of a weight that is subtracted per unit of learning rate.
    public var weightDecay: Double
    /// The factor that is first applied to every gradient.
    public var gradientScale: Double

    /// The numbers for the kernels.
    var native: OptimizerStep {
        OptimizerStep(step: step, learningRate: learningRate, weightDecay: weightDecay)
    }
}

extension OptimizerRule {
    /// False by default: the copy is then rounded again when it is used next.
    public var writesNarrowCopies: Bool { false }

    /// False by default: the state then always takes its full memory.
    public var keepsEmbeddingStateOnDemand: Bool { false }

    /// Returns false by default: the rule then receives float32 values for every parameter.
    ///
    /// - Parameter parameter: A bfloat16 parameter.
    /// - Returns: False.
    public func updatesBFloat16(_ parameter: ParameterUpdate) -> Bool { false }

    /// Scales the gradients, for rules whose kernels do not.
    func scaleGradients(of updates: [ParameterUpdate], _ numbers: StepHyperparameters) throws(TorchError) {
        guard numbers.gradientScale != 1, !updates.isEmpty else { return }
        try scale(updates.map(\.gradient), by: numbers.gradientScale)
    }
}

/// A model's optimizer: parameter groups, the rule's state of each parameter, and the step count.
public final class Optimizer {
    let rule: any OptimizerRule
    let groups: [ParameterGroup]
    let states: [[[(name: String, tensor: Tensor)]]]
    /// The file with the state of the blocks; nil if it is in memory.
    package private(set) var offload: BlockOffload?
    /// The number of steps taken.
    public internal(set) var stepCount = 0
    /// The seed of stochastic rounding, combined with step and parameter: the same on every machine and after resuming.
    private let roundingSeed: UInt64

    /// Creates an optimizer for parameter groups.
    ///
    /// - Parameters:
    ///   - rule: The rule.
    ///   - groups: The parameter groups, which determine the order of ``state``.
    ///   - roundingSeed: Seed of the random bits that round bfloat16 parameters.
    /// - Throws: `.outOfMemory` if there is no memory for the state.
    public init(
        _ rule: any OptimizerRule,
        _ groups: [ParameterGroup],
        roundingSeed: UInt64 = 0
    ) throws(TorchError) {
        self.roundingSeed = roundingSeed
        self.rule = rule
        self.groups = groups
        states = try groups.map { (group) throws(TorchError) in
            try group.parameters.map { (parameter) throws(TorchError) in try rule.initialState(of: parameter)
            }
        }
    }

    /// Creates an optimizer whose state may be in a file.
    ///
    /// - Parameters:
    ///   - rule: The rule.
    ///   - groups: The parameter groups.
    ///   - roundingSeed: Seed of the random bits that round bfloat16 parameters.
    ///   - offload: The file for the state of the blocks.
    /// - Throws: `FileError` if the disk is full; `TorchError`.
    package init(
        _ rule: any OptimizerRule,
        _ groups: [ParameterGroup],
        roundingSeed: UInt64,
        in offload: BlockOffload
    ) throws {
        self.roundingSeed = roundingSeed
        self.rule = rule
        self.groups = groups
        self.offload = offload
        states = try groups.map { group in
            try group.parameters.map { parameter in
                try rule.initialState(of: parameter).map { name, tensor in
                    let full = "\(parameter.name).\(name)"
                    return (name, try offload.moved(tensor, block: parameter.block, name: full))
                }
            }
        }
    }

    /// Updates every parameter with a gradient, then clears the gradients.
    ///
    /// - Parameters:
    ///   - learningRate: The learning rate of this step.
    ///   - gradientScale: The factor that is first applied to every gradient.
    /// - Throws: `.failed` or `.outOfMemory` from the rule.
    public func step(learningRate: Double, gradientScale: Double = 1) throws(TorchError) {
        stepCount += 1
        for (group, states) in zip(groups, states) {
            var updates: [ParameterUpdate] = []
            for (parameter, state) in zip(group.parameters, states) {
                guard let gradient = try parameter.updatableGradient() else { continue }
                updates.append(self.parameterUpdate(parameter, gradient, state))
            }
            try update(updates, numbers(of: group, learningRate, gradientScale))
        }
        try clearGradients()
    }

    /// A group's hyperparameters in the step ``stepCount``.
    func numbers(
        of group: ParameterGroup,
        _ learningRate: Double,
        _ gradientScale: Double
    ) -> StepHyperparameters {
        StepHyperparameters(
            step: stepCount,
            learningRate: learningRate * group.learningRateFactor,
            weightDecay: group.weightDecay,
            gradientScale: gradientScale
        )
    }

    /// Pairs a parameter with its gradient and state for this step.
    func parameterUpdate(
        _ parameter: Parameter,
        _ gradient: Tensor,
        _ state: [(name: String, tensor: Tensor)]
    ) -> ParameterUpdate {
        ParameterUpdate(
            value: parameter.value,
            gradient: gradient,
            state: state.map(\.tensor),
            roundingKey: roundingKey(roundingSeed, step: stepCount, parameter: parameter.name),
            parameter: parameter
        )
    }

    /// Updates parameters by the rule.
    ///
    /// bfloat16 parameters are updated one by one in float32, so that only one has a copy.
    func update(_ updates: [ParameterUpdate], _ numbers: StepHyperparameters) throws(TorchError) {
        let isWide = { (parameter: ParameterUpdate) in
            parameter.value.dtype == .float32 || self.rule.updatesBFloat16(parameter)
        }
        let wide = updates.filter(isWide)
        try rule.update(wide, numbers)
        if rule.writesNarrowCopies {
            for moved in wide { try moved.parameter?.noteNarrowCopyIsFresh() }
        }
        for parameter in updates where !isWide(parameter) {
            let wide = ParameterUpdate(
                value: try parameter.value.detached().to(dtype: .float32),
                gradient: try parameter.gradient.to(dtype: .float32),
                state: parameter.state,
                roundingKey: parameter.roundingKey,
                parameter: nil
            )
            try rule.update([wide], numbers)
            try parameter.value.roundStochastically(wide.value, roundingKey: parameter.roundingKey)
        }
    }

    /// Clears all gradients.
    ///
    /// - Throws: `.failed`.
    public func clearGradients() throws(TorchError) {
        for group in groups { for parameter in group.parameters { try parameter.clearGradient() } }
    }

    /// The optimizer state for a checkpoint, with names `<parameter>.<name>`.
    public var state: [(name: String, tensor: Tensor)] {
        zip(groups, states).flatMap { group, states in
            zip(group.parameters, states).flatMap { parameter, state in
                state.map { (name: "\(parameter.name).\($0.name)", tensor: $0.tensor) }
            }
        }
    }

    /// Returns the state of an embedding of which only pages with a row that had a gradient take memory.
    ///
    /// - Parameter parameter: A parameter of this optimizer.
    /// - Returns: Tensors of its shape; empty if its whole state takes memory.
    package func stateOnDemand(of parameter: Parameter) -> [Tensor] {
        guard rule.keepsEmbeddingStateOnDemand, parameter.role == .embedding,
            Tensor.hasZerosOnDemand(on: parameter.value.device)
        else { return [] }
        for (group, states) in zip(groups, states) {
            for (own, state) in zip(group.parameters, states) where own === parameter {
                return state.map(\.tensor)
            }
        }
        return []
    }

    /// Size of ``state`` in bytes.
    public var stateBytes: Int {
        state.reduce(0) { $0 + $1.tensor.shape.reduce(1, *) * $1.tensor.dtype.byteWidth }
    }

    /// Restores a saved state.
    ///
    /// - Parameters:
    ///   - stepCount: The number of steps taken.
    ///   - tensor: Returns the tensor for a name in ``state``.
    /// - Throws: The error of `tensor`, or `.failed` if a shape or type differs.
    public func restore(stepCount: Int, _ tensor: (String) throws -> Tensor) throws {
        for (name, own) in state {
            let saved = try tensor(name)
            try Self.requireFit(of: saved, name: name, shape: own.shape, dtype: own.dtype)
            // Unused rows of an embedding are zeros in both, and still take no memory.
            try own.assignDifferences(from: saved)
            offload?.release(name)
        }
        resume(after: stepCount)
    }

    /// Continues after a number of steps, with ``state`` as it is.
    ///
    /// - Parameter stepCount: The number of steps taken.
    package func resume(after stepCount: Int) { self.stepCount = stepCount }

    /// Refuses a saved tensor that does not fit this optimizer.
    ///
    /// - Parameters:
    ///   - saved: The saved tensor.
    ///   - name: Its name in ``state``.
    ///   - shape: The shape of this optimizer's tensor.
    ///   - dtype: Its type.
    /// - Throws: `.failed` if the shape or type differs.
    package static func requireFit(
        of saved: Tensor,
        name: String,
        shape: [Int],
        dtype: DType
    ) throws(TorchError) {
        guard saved.shape != shape || saved.dtype != dtype else { return }
        throw TorchError(
            operation: name,
            message: "is \(dtype.rawValue) of shape \(shape), but the saved state has "
                + "\(saved.dtype.rawValue) of shape \(saved.shape); resume with the optimizer that saved it"
        )
    }
}

/// The key of a parameter's random bits in a step: the same on every machine and after resuming.
private func roundingKey(_ seed: UInt64, step: Int, parameter name: String) -> UInt64 {
    var key = MixedKey(start: seed &+ UInt64(truncatingIfNeeded: step) &* MixedKey.gamma)
    key.add(name)
    return key.value
}
