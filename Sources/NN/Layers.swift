public import Torch

/// A linear layer, `x · Wᵀ + b`.
public final class Linear {
    /// `[out, in]`, PyTorch's layout.
    public let weight: Parameter
    /// `[out]`.
    public let bias: Parameter?
    private let adapted: AdaptedWeight

    /// Creates the parameter `weight` and, if requested, `bias` in a scope.
    ///
    /// - Parameters:
    ///   - scope: The scope with the layer's name.
    ///   - inputSize: Width of the input.
    ///   - outputSize: Width of the output.
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
        adapted = scope.adaptedWeight(.linear, weight, bias: bias)
    }

    /// Applies the layer.
    ///
    /// - Parameters:
    ///   - x: `[.., in]`, float32.
    ///   - context: Determines the type of the product.
    /// - Returns: `[.., out]`, float32.
    /// - Throws: `.failed` if the sizes differ.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor {
        let y = try adapted.product(x, context)
        try context.inspect?(weight.name, x, y, context.productType(of: weight))
        return y
    }

    /// Whether its product is just that of input and weight: there is no adapter, and the weight is in floating point.
    var isPlain: Bool { !hasAdapter && weight.quantized == nil }

    var hasAdapter: Bool { adapted.adapter != nil }
}

/// GPT-2's linear layer, `x · W + b`, with a transposed weight.
///
/// Source: `Conv1D` of transformers' pytorch_utils.py.
public final class Conv1D {
    /// `[in, out]`.
    public let weight: Parameter
    /// `[out]`.
    public let bias: Parameter
    private let adapted: AdaptedWeight

    /// Creates the parameters `weight` and `bias` in a scope.
    ///
    /// - Parameters:
    ///   - scope: The scope with the layer's name.
    ///   - inputSize: Width of the input.
    ///   - outputSize: Width of the output.
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
        adapted = scope.adaptedWeight(.transposed, weight, bias: bias)
    }

    /// Applies the layer.
    ///
    /// - Parameters:
    ///   - x: `[.., in]`, float32.
    ///   - context: Determines the type of the product.
    /// - Returns: `[.., out]`, float32.
    /// - Throws: `.failed` if the sizes differ.
    public func callAsFunction(_ x: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor {
        let y = try adapted.product(x, context)
        try context.inspect?(weight.name, x, y, context.productType(of: weight))
        return y
    }
}

extension ForwardContext {
    /// The type in which a weight is multiplied: ``matmulDType``, or the weight's own type if narrower than float32.
    func productType(of weight: Parameter) -> DType { weight.dtype == .float32 ? matmulDType : weight.dtype }

    /// Computes `x · weightᵀ + bias` in the type of the product; `x · weight + bias` for a transposed weight.
    func product(
        _ x: Tensor,
        _ weight: Parameter,
        isTransposed: Bool = false,
        bias: Tensor?
    ) throws(TorchError) -> Tensor {
        func turned(_ weight: Tensor) throws(TorchError) -> Tensor {
            isTransposed ? try weight.transposed(0, 1) : weight
        }
        let type = productType(of: weight)
        if let matrix = weight.quantized {
            return try x.linear(matrix, bias: bias?.to(dtype: .float32), in: type, routes: productRoutes)
        }
        guard type != .float32 else {
            return try x.linear(turned(weight.value), bias: bias, routes: productRoutes)
        }
        return try x.linear(
            turned(weight.value),
            copy: narrowCopy(of: weight).map(turned),
            bias: bias?.to(dtype: .float32),
            in: type,
            routes: productRoutes
        )
    }
}

extension ForwardContext {
    /// Returns a float32 weight in the narrower type of the product, if a copy is worth it: the weights are multiplied
    /// repeatedly, and memory need not be saved.
    func narrowCopy(of weight: Parameter) throws(TorchError) -> Tensor? {
        keepsNarrowCopy(of: weight) ? try weight.narrowed() : nil
    }

    /// Whether a weight is kept in a narrower type, too.
    func keepsNarrowCopy(of weight: Parameter) -> Bool {
        let type = productType(of: weight)
        return type == .bfloat16 && weight.quantized == nil && weight.value.dtype == .float32
            && isGradientEnabled() && !checkpointsBlocks && blockWeights == nil
            && !productRoutes.multipliesInFloat32(type, on: weight.value.device)
    }
}

/// A table of vectors, one per token id.
public final class Embedding {
    /// `[V, H]`.
    public let weight: Parameter
    /// Whether the requested padding token is outside the table.
    public let isPaddingOutside: Bool
    private let paddingIndex: Int?
    private let adapted: AdaptedWeight

    /// Creates the parameter `weight` in a scope.
    ///
    /// - Parameters:
    ///   - scope: The scope with the table's name.
    ///   - count: The number of rows, V.
    ///   - width: The number of columns, H.
    ///   - paddingIndex: The padding token; its row is not trained. Negative counts from the end. All rows are trained if it
    ///     is nil or outside the table.
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
        adapted = scope.adaptedWeight(.table, weight)
    }

    /// Looks up ids.
    ///
    /// - Parameter ids: `[T]`, int64.
    /// - Returns: `[T, H]`, float32.
    /// - Throws: `.indexOutOfRange` for an id outside the table.
    public func callAsFunction(_ ids: Tensor) throws(TorchError) -> Tensor {
        let rows =
            if let quantized = weight.quantized {
                try quantized.rows(ids)
            } else {
                try weight.value.embedding(ids, paddingIndex: paddingIndex).to(dtype: .float32)
            }
        return try adapted.added(to: rows, ids, paddingIndex: paddingIndex)
    }
}

extension Embedding {
    /// Returns one row.
    ///
    /// - Parameter id: The row's id in `0 ..< V`.
    /// - Returns: `[1, H]`, float32.
    /// - Throws: `.failed` for an id outside the table.
    public func row(_ id: Int) throws(TorchError) -> Tensor { try rows(id..<id + 1) }

    /// Returns consecutive rows.
    ///
    /// - Parameter ids: A range within `0 ..< V`.
    /// - Returns: `[R, H]`, float32.
    /// - Throws: `.failed` for an id outside the table.
    public func rows(_ ids: Range<Int>) throws(TorchError) -> Tensor {
        let own =
            if let quantized = weight.quantized {
                try quantized.dequantized(rows: ids)
            } else {
                try weight.value.narrowed(0, to: ids).to(dtype: .float32)
            }
        return try adapted.added(to: own, Tensor(ids.map(Int64.init)).to(device: own.device))
    }
}

/// Root-mean-square normalization.
///
/// Source: Zhang and Sennrich 2019; `LlamaRMSNorm` and `Gemma2RMSNorm` of transformers.
public final class RMSNorm {
    /// The factor that a weight stands for.
    public enum Weight: Sendable, Equatable {
        /// The weight itself, which is initialized to 1.
        case factor
        /// One plus the weight, which is initialized to 0, as in Gemma.
        case onePlus
    }

    /// `[H]`.
    public let weight: Parameter
    /// Added to the mean square.
    package let epsilon: Double
    /// The factor that the weight stands for.
    package let kind: Weight

    /// Creates the parameter `weight` in a scope.
    ///
    /// - Parameters:
    ///   - scope: The scope with the layer's name.
    ///   - width: H.
    ///   - epsilon: Added to the mean square.
    ///   - kind: The factor that the weight stands for.
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

/// Layer normalization.
///
/// Source: Ba et al. 2016; `torch.nn.LayerNorm`.
public final class LayerNorm {
    /// `[H]`.
    public let weight: Parameter
    /// `[H]`.
    public let bias: Parameter?
    /// Added to the variance.
    package let epsilon: Double

    /// Creates the parameter `weight` and, if requested, `bias` in a scope.
    ///
    /// - Parameters:
    ///   - scope: The scope with the layer's name.
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
    ///   - residual: A tensor of the same shape, added first.
    /// - Returns: `[.., H]`.
    /// - Throws: `.failed` if the sizes differ.
    public func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil) throws(TorchError) -> Tensor {
        try x.layerNorm(adding: residual, weight.value, bias: bias?.value, epsilon: epsilon)
    }
}
