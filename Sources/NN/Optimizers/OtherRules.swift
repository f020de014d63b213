public import Torch

/// Stochastic gradient descent, with or without momentum; weight decay is added to the gradient.
///
/// Source: `torch.optim.SGD`.
public struct SGD: OptimizerRule {
    /// Decay rate of the running sum of gradients; 0 for no sum.
    public var momentum = 0.0
    /// Reduction of a gradient's weight in that sum.
    public var dampening = 0.0
    /// Whether to use Nesterov momentum.
    public var nesterov = false

    /// Creates the rule with transformers' defaults.
    public init() {}

    /// Returns the running sum, `momentum_buffer`, if there is momentum.
    ///
    /// - Parameter parameter: The parameter.
    /// - Returns: Zeros in the parameter's shape, or an empty list.
    /// - Throws: `.outOfMemory`.
    public func initialState(of parameter: Parameter) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        guard momentum != 0 else { return [] }
        let sum = try Tensor.zeros(parameter.shape, device: parameter.value.device)
        return [(name: "momentum_buffer", tensor: sum)]
    }

    /// Performs one step.
    ///
    /// - Parameters:
    ///   - updates: Parameters that share a weight decay.
    ///   - numbers: The step's hyperparameters.
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

/// Lion: changes every weight by the learning rate, in the direction of the sign of the gradients' running mean.
///
/// Source: Chen et al. 2023; `Lion` of bitsandbytes 0.50.
public struct Lion: OptimizerRule {
    /// Decay rate of the running mean within a step.
    public var beta1 = 0.9
    /// Decay rate of the running mean between steps.
    public var beta2 = 0.999

    /// Creates the rule with the values of transformers' Trainer.
    public init() {}

    /// Returns the running mean, `state1`.
    ///
    /// - Parameter parameter: The parameter.
    /// - Returns: Zeros in the parameter's shape.
    /// - Throws: `.outOfMemory`.
    public func initialState(of parameter: Parameter) throws(TorchError) -> [(name: String, tensor: Tensor)] {
        [(name: "state1", tensor: try .zeros(parameter.shape, device: parameter.value.device))]
    }

    /// Performs one step.
    ///
    /// - Parameters:
    ///   - updates: Parameters that share a weight decay.
    ///   - numbers: The step's hyperparameters.
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

/// Adafactor with the run's learning rates, as in transformers' Trainer.
///
/// For the second moment of a matrix it only keeps the means of rows and columns.
///
/// Source: Shazeer and Stern 2018; `Adafactor(scale_parameter=False, relative_step=False)` of transformers 5.23.
public struct Adafactor: OptimizerRule {
    /// Creates the rule with transformers' values.
    public init() {}

    /// Returns `exp_avg_sq_row` and `exp_avg_sq_col` for a matrix, `exp_avg_sq` for a vector.
    ///
    /// - Parameter parameter: The parameter.
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

    /// Performs one step.
    ///
    /// - Parameters:
    ///   - updates: Parameters that share a weight decay.
    ///   - numbers: The step's hyperparameters.
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
