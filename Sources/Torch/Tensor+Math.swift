import CTorch

// Broadcasting arithmetic, element-wise functions and reductions. All are recorded for gradients.
extension Tensor {
    /// The element-wise sum.
    public static func + (a: Tensor, b: Tensor) throws(TorchError) -> Tensor {
        try makeTensor("+", from: a, b) { ct_math_add($0, a.handle, b.handle) }
    }

    /// The element-wise difference.
    public static func - (a: Tensor, b: Tensor) throws(TorchError) -> Tensor {
        try makeTensor("-", from: a, b) { ct_math_subtract($0, a.handle, b.handle) }
    }

    /// The element-wise product.
    public static func * (a: Tensor, b: Tensor) throws(TorchError) -> Tensor {
        try makeTensor("*", from: a, b) { ct_math_multiply($0, a.handle, b.handle) }
    }

    /// The element-wise quotient.
    public static func / (a: Tensor, b: Tensor) throws(TorchError) -> Tensor {
        try makeTensor("/", from: a, b) { ct_math_divide($0, a.handle, b.handle) }
    }

    /// Every element plus a number.
    public static func + (a: Tensor, b: Double) throws(TorchError) -> Tensor {
        try makeTensor("+", from: a) { ct_math_add_scalar($0, a.handle, b) }
    }

    /// Every element times a number.
    public static func * (a: Tensor, b: Double) throws(TorchError) -> Tensor {
        try makeTensor("*", from: a) { ct_math_multiply_scalar($0, a.handle, b) }
    }

    /// The matrix product, `[.., m, k] · [.., k, n]` → `[.., m, n]`.
    ///
    /// - Parameter other: The right-hand side.
    /// - Returns: `[.., m, n]`.
    /// - Throws: `.failed` if the inner sizes differ.
    public func matmul(_ other: Tensor) throws(TorchError) -> Tensor {
        try makeTensor("matmul", from: self, other) { ct_math_matmul($0, self.handle, other.handle) }
    }

    /// A function applied to every element.
    public enum Function: Sendable {
        case negate, exp, log, sqrt, rsqrt, square, tanh, sigmoid, sin, cos, relu, silu
        /// Exact GELU, with the error function.
        case gelu
        /// GELU in its tanh approximation.
        case geluTanh

        var native: ct_unary {
            switch self {
            case .negate: CT_NEGATE
            case .exp: CT_EXP
            case .log: CT_LOG
            case .sqrt: CT_SQRT
            case .rsqrt: CT_RSQRT
            case .square: CT_SQUARE
            case .tanh: CT_TANH
            case .sigmoid: CT_SIGMOID
            case .sin: CT_SIN
            case .cos: CT_COS
            case .relu: CT_RELU
            case .silu: CT_SILU
            case .gelu: CT_GELU
            case .geluTanh: CT_GELU_TANH
            }
        }
    }

    /// Applies a function to every element.
    ///
    /// - Parameter function: The function.
    /// - Returns: A tensor of this shape.
    /// - Throws: `.failed` if the dtype does not allow it.
    public func map(_ function: Function) throws(TorchError) -> Tensor {
        try makeTensor("\(function)", from: self) { ct_math_unary($0, self.handle, function.native) }
    }

    /// The sum of all elements, `[]`.
    ///
    /// - Throws: `.failed` if the dtype does not allow it.
    public func sum() throws(TorchError) -> Tensor { try reduced(CT_SUM, "sum") }

    /// The sum along a dimension, which is removed.
    ///
    /// - Parameter dimension: The dimension; negative counts from the end.
    /// - Returns: A tensor with one dimension less.
    /// - Throws: `.indexOutOfRange`.
    public func sum(along dimension: Int) throws(TorchError) -> Tensor {
        try reduced(CT_SUM, "sum", dimension)
    }

    /// The mean of all elements, `[]`.
    ///
    /// - Throws: `.failed` if the dtype does not allow it.
    public func mean() throws(TorchError) -> Tensor { try reduced(CT_MEAN, "mean") }

    /// The mean along a dimension, which is removed.
    ///
    /// - Parameter dimension: The dimension; negative counts from the end.
    /// - Returns: A tensor with one dimension less.
    /// - Throws: `.indexOutOfRange`.
    public func mean(along dimension: Int) throws(TorchError) -> Tensor {
        try reduced(CT_MEAN, "mean", dimension)
    }

    /// The largest element, `[]`.
    ///
    /// - Throws: `.failed` for an empty tensor.
    public func max() throws(TorchError) -> Tensor { try reduced(CT_MAX, "max") }

    /// The index (`int64`) of the largest element along a dimension, which is removed.
    ///
    /// - Parameter dimension: The dimension; negative counts from the end.
    /// - Returns: A tensor with one dimension less.
    /// - Throws: `.indexOutOfRange`.
    public func argmax(along dimension: Int) throws(TorchError) -> Tensor {
        try reduced(CT_ARGMAX, "argmax", dimension)
    }

    private func reduced(
        _ reduction: ct_reduction,
        _ operation: String,
        _ dimension: Int? = nil
    ) throws(TorchError) -> Tensor {
        try makeTensor(operation, from: self) {
            ct_math_reduce($0, self.handle, reduction, dimension == nil, Int64(dimension ?? 0), false)
        }
    }

    /// Softmax along a dimension.
    ///
    /// - Parameter dimension: The dimension; negative counts from the end.
    /// - Returns: A tensor of this shape.
    /// - Throws: `.indexOutOfRange`.
    public func softmax(along dimension: Int) throws(TorchError) -> Tensor {
        try makeTensor("softmax", from: self) { ct_math_softmax($0, self.handle, Int64(dimension)) }
    }

    /// The logarithm of softmax along a dimension.
    ///
    /// - Parameter dimension: The dimension; negative counts from the end.
    /// - Returns: A tensor of this shape.
    /// - Throws: `.indexOutOfRange`.
    public func logSoftmax(along dimension: Int) throws(TorchError) -> Tensor {
        try makeTensor("logSoftmax", from: self) { ct_math_log_softmax($0, self.handle, Int64(dimension)) }
    }

    /// Gathers elements along a dimension, one per element of `indices`.
    ///
    /// - Parameters:
    ///   - dimension: The dimension.
    ///   - indices: `int64`, as many dimensions as this tensor.
    /// - Returns: A tensor of the shape of `indices`.
    /// - Throws: `.indexOutOfRange`.
    ///
    /// Source: `torch.gather`.
    public func gather(along dimension: Int, _ indices: Tensor) throws(TorchError) -> Tensor {
        try makeTensor("gather", from: self, indices) {
            ct_math_gather($0, self.handle, Int64(dimension), indices.handle)
        }
    }

    /// Returns whether no element is NaN or infinite.
    ///
    /// - Throws: `.outOfMemory`.
    public func isFinite() throws(TorchError) -> Bool {
        var finite = false
        try check("isFinite", withExtendedLifetime(self) { ct_math_is_finite(&finite, handle) })
        return finite
    }
}
