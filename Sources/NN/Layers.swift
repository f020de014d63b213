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
        let y = try context.product(x, weight, bias: bias?.value)
        try context.inspect?(weight.name, x, y, context.productType(of: weight.value))
        return y
    }
}

/// GPT-2's linear layer, `x · W + b`, its weight stored transposed.
///
/// Source: `Conv1D` of transformers' pytorch_utils.py.
public final class Conv1D {
    /// `[in, out]`.
    public let weight: Parameter
    /// `[out]`.
    public let bias: Parameter

    /// Makes its parameters `weight` and `bias` at a place.
    ///
    /// - Parameters:
    ///   - scope: The layer's own name.
    ///   - inputSize: Width of what comes in.
    ///   - outputSize: Width of what goes out.
    ///   - std: Standard deviation of fresh weights; the bias starts at 0.
    /// - Throws: `.outOfMemory`.
    public init(
        _ scope: ParameterScope,
        from inputSize: Int,
        to outputSize: Int,
        std: Double = 0.02
    ) throws(TorchError) {
        weight = try scope.parameter("weight", [inputSize, outputSize], initialization: .normal(std: std))
        bias = try scope.parameter("bias", [outputSize], initialization: .zeros)
    }

    /// Applies the layer.
    ///
    /// - Parameters:
    ///   - x: `[.., in]`, float32.
    ///   - context: Says in which type to multiply.
    /// - Returns: `[.., out]`, float32.
    /// - Throws: `.failed` if the sizes differ.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor {
        let y = try context.product(x, weight, isTransposed: true, bias: bias.value)
        try context.inspect?(weight.name, x, y, context.productType(of: weight.value))
        return y
    }
}

extension ForwardContext {
    /// The type in which a weight is multiplied: ``matmulDType``, or its own where that is narrower than float32.
    func productType(of weight: Tensor) -> DType { weight.dtype == .float32 ? matmulDType : weight.dtype }

    /// `x · weightᵀ + bias` in the type of the product; `x · weight + bias` for a weight that is stored transposed.
    func product(
        _ x: Tensor,
        _ weight: Parameter,
        isTransposed: Bool = false,
        bias: Tensor?
    ) throws(TorchError) -> Tensor {
        func turned(_ weight: Tensor) throws(TorchError) -> Tensor {
            isTransposed ? try weight.transposed(0, 1) : weight
        }
        let type = productType(of: weight.value)
        guard type != .float32 else {
            return try x.linear(turned(weight.value), bias: bias, routes: productRoutes)
        }
        var copy: Tensor?
        // A copy pays where the weights are multiplied again and again, and takes memory that checkpointing is to spare.
        if type == .bfloat16, weight.value.dtype == .float32, isGradientEnabled(), !checkpointsBlocks,
            !productRoutes.multipliesInFloat32(type, on: x.device)
        {
            copy = try turned(weight.narrowed())
        }
        return try x.linear(
            turned(weight.value),
            copy: copy,
            bias: bias?.to(dtype: .float32),
            in: type,
            routes: productRoutes
        )
    }
}

/// A table of vectors, one per token id.
public final class Embedding {
    /// `[V, H]`.
    public let weight: Parameter
    /// Whether the padding token that was asked for has no row.
    public let isPaddingOutside: Bool
    private let paddingIndex: Int?

    /// Makes its parameter `weight` at a place.
    ///
    /// - Parameters:
    ///   - scope: The table's own name.
    ///   - count: Rows, V.
    ///   - width: Columns, H.
    ///   - paddingIndex: The padding token, whose row is not trained, from the table's end if negative; nil, or one outside
    ///     the table, trains all.
    ///   - std: Standard deviation of fresh weights.
    /// - Throws: `.outOfMemory`.
    public init(
        _ scope: ParameterScope,
        count: Int,
        width: Int,
        paddingIndex: Int? = nil,
        std: Double = 0.02
    ) throws(TorchError) {
        weight = try scope.parameter(
            "weight",
            [count, width],
            initialization: .normal(std: std),
            role: .embedding
        )
        let index = paddingIndex.map { $0 < 0 ? count + $0 : $0 }
        self.paddingIndex = index.flatMap { (0..<count).contains($0) ? $0 : nil }
        isPaddingOutside = index != nil && self.paddingIndex == nil
    }

    /// Looks ids up.
    ///
    /// - Parameter ids: `[T]`, int64.
    /// - Returns: `[T, H]`, float32.
    /// - Throws: `.indexOutOfRange` for an id outside the table.
    public func callAsFunction(_ ids: Tensor) throws(TorchError) -> Tensor {
        try weight.value.embedding(ids, paddingIndex: paddingIndex).to(dtype: .float32)
    }
}

extension Embedding {
    /// One row.
    ///
    /// - Parameter id: In `0 ..< V`.
    /// - Returns: `[1, H]`, float32.
    /// - Throws: `.failed` for an id outside the table.
    public func row(_ id: Int) throws(TorchError) -> Tensor { try rows(id..<id + 1) }

    /// Rows that lie together.
    ///
    /// - Parameter ids: Within `0 ..< V`.
    /// - Returns: `[R, H]`, float32.
    /// - Throws: `.failed` for an id outside the table.
    public func rows(_ ids: Range<Int>) throws(TorchError) -> Tensor {
        try weight.value.narrowed(0, to: ids).to(dtype: .float32)
    }
}

/// Root-mean-square normalisation.
///
/// Source: Zhang and Sennrich 2019; `LlamaRMSNorm` and `Gemma2RMSNorm` of transformers.
public final class RMSNorm {
    /// What the weight multiplies by.
    public enum Weight: Sendable, Equatable {
        /// Itself; it starts at 1.
        case factor
        /// Itself and 1, as Gemma has it; it starts at 0.
        case onePlus
    }

    /// `[H]`.
    public let weight: Parameter
    private let epsilon: Double
    private let kind: Weight

    /// Makes its parameter `weight` at a place.
    ///
    /// - Parameters:
    ///   - scope: The layer's own name.
    ///   - width: H.
    ///   - epsilon: Added to the mean square.
    ///   - kind: What the weight multiplies by.
    /// - Throws: `.outOfMemory`.
    public init(
        _ scope: ParameterScope,
        width: Int,
        epsilon: Double,
        kind: Weight = .factor
    ) throws(TorchError) {
        weight = try scope.parameter("weight", [width], initialization: kind == .factor ? .ones : .zeros)
        self.epsilon = epsilon
        self.kind = kind
    }

    /// Applies the layer.
    ///
    /// - Parameter x: `[.., H]`.
    /// - Returns: `[.., H]`.
    /// - Throws: `.failed` if the sizes differ.
    public func callAsFunction(_ x: Tensor) throws(TorchError) -> Tensor {
        try x.rmsNorm(kind == .factor ? weight.value : weight.value + 1, epsilon: epsilon)
    }
}

/// Layer normalisation.
///
/// Source: Ba et al. 2016; `torch.nn.LayerNorm`.
public final class LayerNorm {
    /// `[H]`.
    public let weight: Parameter
    /// `[H]`.
    public let bias: Parameter?
    private let epsilon: Double

    /// Makes its parameters `weight` and, if wanted, `bias` at a place.
    ///
    /// - Parameters:
    ///   - scope: The layer's own name.
    ///   - width: H.
    ///   - epsilon: Added to the variance.
    ///   - hasBias: Whether there is a bias.
    /// - Throws: `.outOfMemory`.
    public init(
        _ scope: ParameterScope,
        width: Int,
        epsilon: Double,
        hasBias: Bool = true
    ) throws(TorchError) {
        weight = try scope.parameter("weight", [width], initialization: .ones, role: .layerNorm)
        bias =
            hasBias
            ? try scope.parameter("bias", [width], initialization: .zeros, role: .layerNorm) : nil
        self.epsilon = epsilon
    }

    /// Applies the layer.
    ///
    /// - Parameters:
    ///   - x: `[.., H]`.
    ///   - residual: A tensor of that shape, added first.
    /// - Returns: `[.., H]`.
    /// - Throws: `.failed` if the sizes differ.
    public func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil) throws(TorchError) -> Tensor {
        try x.layerNorm(adding: residual, weight.value, bias: bias?.value, epsilon: epsilon)
    }
}
