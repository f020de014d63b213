public import Torch

/// How an optimizer moves weights: what it remembers of a parameter, and one step.
public protocol OptimizerRule: Sendable {
    /// What is remembered of a parameter before the first step.
    ///
    /// - Parameter parameter: Whose.
    /// - Returns: Tensors with the names that checkpoints give them after the parameter's.
    /// - Throws: `.outOfMemory`.
    func initialState(of parameter: Parameter) throws(TorchError) -> [(name: String, tensor: Tensor)]

    /// One step, in place.
    ///
    /// - Parameters:
    ///   - updates: Parameters that share the numbers; perhaps none.
    ///   - numbers: The step's.
    /// - Throws: `.failed` or `.outOfMemory`.
    func update(_ updates: [ParameterUpdate], _ numbers: StepHyperparameters) throws(TorchError)

    /// Whether ``move(_:_:)`` takes a parameter of bfloat16 as it is and rounds it stochastically.
    ///
    /// - Parameter parameter: In bfloat16.
    /// - Returns: False where it is to be given float32 values instead, which the optimizer then rounds.
    func updatesBFloat16(_ parameter: ParameterUpdate) -> Bool

    /// Whether ``move(_:_:)`` writes every ``ParameterUpdate/bfloat16Copy``.
    var writesNarrowCopies: Bool { get }
}

/// A parameter in a step.
public struct ParameterUpdate {
    /// Its weights, changed in place.
    public let value: Tensor
    /// Its gradient, which may be overwritten; of an embedding possibly of some rows only.
    public let gradient: Tensor
    /// What is remembered, in the order of ``OptimizerRule/initialState(of:)``; changed in place.
    public let state: [Tensor]
    /// Of the random bits by which a bfloat16 value is rounded in this step.
    public let roundingKey: UInt64
    /// The float32 weights rounded to bfloat16, for a rule that ``OptimizerRule/writesNarrowCopies`` to write; nil where there
    /// is no such copy.
    public var bfloat16Copy: Tensor? { parameter?.existingBFloat16Copy }
    /// Whose weights these are; nil for float32 values that stand in for narrower ones.
    let parameter: Parameter?
}

/// The numbers of a step.
public struct StepHyperparameters: Sendable, Equatable {
    /// Which step, from 1.
    public var step: Int
    /// How far to go.
    public var learningRate: Double
    /// Fraction of a weight taken off per unit of learning rate.
    public var weightDecay: Double
    /// What every gradient is to be multiplied by first.
    public var gradientScale: Double

    /// For the kernels.
    var native: OptimizerStep {
        OptimizerStep(step: step, learningRate: learningRate, weightDecay: weightDecay)
    }
}

extension OptimizerRule {
    /// For rules whose kernels do not: the copy is then rounded anew where it is used next.
    public var writesNarrowCopies: Bool { false }

    /// Float32 values for every parameter, where a rule has no kernel of its own.
    ///
    /// - Parameter parameter: In bfloat16.
    /// - Returns: False.
    public func updatesBFloat16(_ parameter: ParameterUpdate) -> Bool { false }

    /// For rules whose kernels do not do it.
    func scaleGradients(of updates: [ParameterUpdate], _ numbers: StepHyperparameters) throws(TorchError) {
        guard numbers.gradientScale != 1, !updates.isEmpty else { return }
        try scale(updates.map(\.gradient), by: numbers.gradientScale)
    }
}

/// A model's optimizer: groups of parameters, what a rule remembers of each, and the steps taken.
public final class Optimizer {
    let rule: any OptimizerRule
    let groups: [ParameterGroup]
    let states: [[[(name: String, tensor: Tensor)]]]
    /// Steps taken so far.
    public internal(set) var stepCount = 0
    /// What the bits for rounding follow from, with step and parameter.
    private let roundingSeed: UInt64

    /// An optimizer over groups of parameters.
    ///
    /// - Parameters:
    ///   - rule: How to move them.
    ///   - groups: Which; their order is that of ``state``.
    ///   - roundingSeed: Of the random bits by which parameters of bfloat16 are rounded.
    /// - Throws: `.outOfMemory` for what the rule remembers.
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

    /// Moves every parameter that has a gradient, then forgets the gradients.
    ///
    /// - Parameters:
    ///   - learningRate: This step's.
    ///   - gradientScale: What every gradient is multiplied by first.
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

    /// A group's numbers in the step that ``stepCount`` counts.
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

    /// A parameter in this step.
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

    /// Moves parameters by the rule; those of bfloat16 in float32 and one by one, so that only one has a copy.
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

    /// Forgets all gradients.
    ///
    /// - Throws: `.failed`.
    public func clearGradients() throws(TorchError) {
        for group in groups { for parameter in group.parameters { try parameter.clearGradient() } }
    }

    /// What is remembered, as `<parameter>.<name>`, for a checkpoint.
    public var state: [(name: String, tensor: Tensor)] {
        zip(groups, states).flatMap { group, states in
            zip(group.parameters, states).flatMap { parameter, state in
                state.map { (name: "\(parameter.name).\($0.name)", tensor: $0.tensor) }
            }
        }
    }

    /// Bytes of ``state``.
    public var stateBytes: Int {
        state.reduce(0) { $0 + $1.tensor.shape.reduce(1, *) * $1.tensor.dtype.byteWidth }
    }

    /// Goes on from a saved state.
    ///
    /// - Parameters:
    ///   - stepCount: Steps that were taken.
    ///   - tensor: Gives the tensor of a name in ``state``.
    /// - Throws: What `tensor` throws, or `.failed` where a shape or a type is another.
    public func restore(stepCount: Int, _ tensor: (String) throws -> Tensor) throws {
        for (name, own) in state {
            let saved = try tensor(name)
            guard saved.shape == own.shape, saved.dtype == own.dtype else {
                throw TorchError(
                    operation: name,
                    message: "is \(own.dtype.rawValue) of shape \(own.shape), and the saved state has "
                        + "\(saved.dtype.rawValue) of shape \(saved.shape); resume with the optimizer that saved it"
                )
            }
            try own.assign(saved)
        }
        self.stepCount = stepCount
    }
}

/// What a parameter's random bits follow from in a step: the same wherever and whenever the step is taken.
private func roundingKey(_ seed: UInt64, step: Int, parameter name: String) -> UInt64 {
    // FNV-1a of the name; SplitMix64's finisher, so that neighbouring steps share nothing.
    var key = seed &+ UInt64(truncatingIfNeeded: step) &* 0x9e37_79b9_7f4a_7c15
    for byte in name.utf8 { key = (key ^ UInt64(byte)) &* 0x100_0000_01b3 }
    key = (key ^ (key >> 30)) &* 0xbf58_476d_1ce4_e5b9
    key = (key ^ (key >> 27)) &* 0x94d0_49bb_1331_11eb
    return key ^ (key >> 31)
}
