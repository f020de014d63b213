public import Torch

/// A linear layer, `x · Wᵀ + b`.
public final class Linear {
    /// `[out, in]`, PyTorch's layout.
    public let weight: Parameter
    /// `[out]`.
    public let bias: Parameter?

    /// Makes its parameters `weight` and, if wanted, `bias` at a place.
    ///
    /// - Parameters:
    ///   - scope: The layer's own name.
    ///   - inputSize: Width of what comes in.
    ///   - outputSize: Width of what goes out.
    ///   - hasBias: Whether there is a bias.
    ///   - std: Standard deviation of fresh weights; the bias starts at 0.
    /// - Throws: `.outOfMemory`.
    public init(
        _ scope: ParameterScope,
        from inputSize: Int,
        to outputSize: Int,
        hasBias: Bool = false,
        std: Double = 0.02
    ) throws(TorchError) {
        weight = try scope.parameter("weight", [outputSize, inputSize], initialization: .normal(std: std))
        bias = hasBias ? try scope.parameter("bias", [outputSize], initialization: .zeros) : nil
    }

    /// Applies the layer.
    ///
    /// - Parameters:
    ///   - x: `[.., in]`, float32.
    ///   - context: Says in which type to multiply.
    /// - Returns: `[.., out]`, float32.
    /// - Throws: `.failed` if the sizes differ.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor {
        guard context.matmulDType != .float32 else { return try x.linear(weight.value, bias: bias?.value) }
        let type = context.matmulDType
        let y = try x.to(dtype: type).linear(weight.value.to(dtype: type)).to(dtype: .float32)
        guard let bias else { return y }
        return try y + bias.value
    }
}

/// A table of vectors, one per token id.
public final class Embedding {
    /// `[V, H]`.
    public let weight: Parameter

    /// Makes its parameter `weight` at a place.
    ///
    /// - Parameters:
    ///   - scope: The table's own name.
    ///   - count: Rows, V.
    ///   - width: Columns, H.
    ///   - std: Standard deviation of fresh weights.
    /// - Throws: `.outOfMemory`.
    public init(_ scope: ParameterScope, count: Int, width: Int, std: Double = 0.02) throws(TorchError) {
        weight = try scope.parameter("weight", [count, width], initialization: .normal(std: std))
    }

    /// Looks ids up.
    ///
    /// - Parameter ids: `[T]`, int64.
    /// - Returns: `[T, H]`.
    /// - Throws: `.indexOutOfRange` for an id outside the table.
    public func callAsFunction(_ ids: Tensor) throws(TorchError) -> Tensor { try weight.value.embedding(ids) }
}

/// Root-mean-square normalisation.
///
/// Source: Zhang and Sennrich 2019; `LlamaRMSNorm` in transformers' modeling_llama.py.
public final class RMSNorm {
    /// `[H]`.
    public let weight: Parameter
    private let epsilon: Double

    /// Makes its parameter `weight` at a place.
    ///
    /// - Parameters:
    ///   - scope: The layer's own name.
    ///   - width: H.
    ///   - epsilon: Added to the mean square.
    /// - Throws: `.outOfMemory`.
    public init(_ scope: ParameterScope, width: Int, epsilon: Double) throws(TorchError) {
        weight = try scope.parameter("weight", [width], initialization: .ones)
        self.epsilon = epsilon
    }

    /// Applies the layer.
    ///
    /// - Parameter x: `[.., H]`.
    /// - Returns: `[.., H]`.
    /// - Throws: `.failed` if the sizes differ.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.rmsNorm(weight.value, epsilon: epsilon)
    }
}
