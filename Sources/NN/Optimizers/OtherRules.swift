public import Torch

/// Stochastic gradient descent, with or without momentum; weight decay is added to the gradient.
///
/// Source: `torch.optim.SGD`.
public struct SGD: OptimizerRule {
    /// Decay of the running sum of gradients; 0 keeps none.
    public var momentum = 0.0
    /// What a gradient counts less in that sum.
    public var dampening = 0.0
    /// Whether to look ahead by Nesterov's rule.
    public var nesterov = false

    /// transformers' defaults.
    public init() {}

    /// The running sum, `momentum_buffer`, where there is momentum.
    ///
    /// - Parameter parameter: Whose.
    /// - Returns: Zeros of its shape, or nothing.
    /// - Throws: `.outOfMemory`.
    public func initialState(of parameter: Parameter) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        guard momentum != 0 else { return [] }
        let sum = try Tensor.zeros(parameter.shape, device: parameter.value.device)
        return [(name: "momentum_buffer", tensor: sum)]
    }

    /// One step.
    ///
    /// - Parameters:
    ///   - updates: Parameters that share a weight decay.
    ///   - numbers: The step's.
    /// - Throws: `.failed` or `.outOfMemory` from the kernel.
    public func update(_ updates: [ParameterUpdate], _ numbers: StepHyperparameters) throws(TorchError) {
        try scaleGradients(of: updates, numbers)
        try numbers.native.sgd(
            updates.map(\.value),
            gradients: updates.map(\.gradient),
            momenta: updates.flatMap(\.state),
            momentum: momentum,
            dampening: dampening,
            nesterov: nesterov
        )
    }
}

/// Lion: moves every weight by the learning rate, in the direction of the gradients' running mean.
///
/// Source: Chen et al. 2023; `Lion` of bitsandbytes 0.50.
public struct Lion: OptimizerRule {
    /// Decay of the running mean within a step.
    public var beta1 = 0.9
    /// Decay of the running mean from step to step.
    public var beta2 = 0.999

    /// The numbers that transformers' Trainer gives it.
    public init() {}

    /// The running mean, `state1`.
    ///
    /// - Parameter parameter: Whose.
    /// - Returns: Zeros of its shape.
    /// - Throws: `.outOfMemory`.
    public func initialState(of parameter: Parameter) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        [(name: "state1", tensor: try .zeros(parameter.shape, device: parameter.value.device))]
    }

    /// One step.
    ///
    /// - Parameters:
    ///   - updates: Parameters that share a weight decay.
    ///   - numbers: The step's.
    /// - Throws: `.failed` or `.outOfMemory`.
    public func update(_ updates: [ParameterUpdate], _ numbers: StepHyperparameters) throws(TorchError) {
        try scaleGradients(of: updates, numbers)
        for parameter in updates {
            try numbers.native.lion(
                parameter.value,
                gradient: parameter.gradient,
                moment: parameter.state[0],
                betas: (beta1, beta2)
            )
        }
    }
}

/// Adafactor with the run's learning rates, as transformers' Trainer sets it up: of a matrix's second moment it keeps
/// the means of rows and columns only.
///
/// Source: Shazeer and Stern 2018; `Adafactor(scale_parameter=False, relative_step=False)` of transformers 5.23.
public struct Adafactor: OptimizerRule {
    /// transformers' numbers.
    public init() {}

    /// `exp_avg_sq_row` and `exp_avg_sq_col` of a matrix, `exp_avg_sq` of a vector.
    ///
    /// - Parameter parameter: Whose.
    /// - Returns: Zeros.
    /// - Throws: `.outOfMemory`.
    public func initialState(of parameter: Parameter) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        let (shape, device) = (parameter.shape, parameter.value.device)
        guard shape.count >= 2 else {
            return [(name: "exp_avg_sq", tensor: try .zeros(shape, device: device))]
        }
        return [
            (name: "exp_avg_sq_row", tensor: try .zeros(Array(shape.dropLast()), device: device)),
            (name: "exp_avg_sq_col", tensor: try .zeros(shape.dropLast(2) + shape.suffix(1), device: device)),
        ]
    }

    /// One step.
    ///
    /// - Parameters:
    ///   - updates: Parameters that share a weight decay.
    ///   - numbers: The step's.
    /// - Throws: `.failed` or `.outOfMemory`.
    public func update(_ updates: [ParameterUpdate], _ numbers: StepHyperparameters) throws(TorchError) {
        try scaleGradients(of: updates, numbers)
        for parameter in updates {
            try numbers.native.adafactor(
                parameter.value,
                gradient: parameter.gradient,
                rows: parameter.state[0],
                columns: parameter.state.count > 1 ? parameter.state[1] : nil
            )
        }
    }
}
