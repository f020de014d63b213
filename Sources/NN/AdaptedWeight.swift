package import Torch

/// A matrix of a model that an adapter can change: that of a linear layer, or a table.
package final class AdaptedWeight {
    /// The place of inputs and outputs in the matrix.
    package enum Kind: Sendable, Equatable {
        /// `[out, in]`.
        case linear
        /// `[in, out]`, as in GPT-2.
        case transposed
        /// `[V, H]`; an adapter treats it as `[H, V]`.
        case table

        /// The widths of the input and of the output.
        ///
        /// - Parameter shape: The shape of the matrix.
        /// - Returns: Both widths.
        package func widths(of shape: [Int]) -> (input: Int, output: Int) {
            self == .linear ? (shape[1], shape[0]) : (shape[0], shape[1])
        }
    }

    /// The layer's name, such as `model.layers.0.self_attn.q_proj`.
    package let path: String
    package let kind: Kind
    package let weight: Parameter
    /// The layer's bias.
    package let bias: Parameter?
    /// The adapter in use; nil for none.
    package var adapter: LowRankAdapter?

    init(path: String, kind: Kind, weight: Parameter, bias: Parameter?) {
        (self.path, self.kind, self.weight, self.bias) = (path, kind, weight, bias)
    }

    /// The matrix as seen by an adapter.
    ///
    /// - Throws: `.failed` if it has no values.
    package func matrix() throws(TorchError) -> FrozenMatrix {
        if let quantized = weight.quantized { return .quantized(quantized) }
        return .resident(kind == .linear ? weight.value : try weight.value.transposed(0, 1))
    }

    /// The weight with the adapter's change.
    ///
    /// - Returns: A tensor in the layout and type of the weight, float32 for a quantized one.
    /// - Throws: `.outOfMemory`.
    package func merged() throws(TorchError) -> Tensor {
        guard let adapter else { return weight.value }
        let sum = try adapter.merged(into: matrix().values()).to(dtype: weight.dtype)
        return try (kind == .linear ? sum : sum.transposed(0, 1)).contiguous()
    }

    /// Replaces a quantized matrix by its values in float32, so that it can be trained.
    ///
    /// - Throws: `.outOfMemory`.
    package func dequantize() throws(TorchError) {
        guard let quantized = weight.quantized else { return }
        let values = try quantized.dequantized().to(device: weight.value.device)
        try weight.set(kind == .transposed ? values.transposed(0, 1).contiguous() : values)
    }
}

extension AdaptedWeight {
    /// Applies a linear layer with its adapter, if any.
    ///
    /// - Parameters:
    ///   - x: `[.., in]`, float32.
    ///   - context: Determines the type of the product, and whether the adapter's dropout is on.
    /// - Returns: `[.., out]`, float32.
    /// - Throws: `.failed` if the sizes differ.
    func product(_ x: Tensor, _ context: ForwardContext) throws(TorchError) -> Tensor {
        guard let adapter else {
            return try context.product(x, weight, isTransposed: kind == .transposed, bias: bias?.value)
        }
        let matrix = try matrix()
        func plain(_ x: Tensor, bias: Tensor?, dropout: Double, seed: UInt64 = 0) throws(TorchError) -> Tensor
        {
            let added = LowRankProduct(
                a: adapter.a.value,
                b: adapter.b.value,
                scale: adapter.options.scaling,
                dropout: dropout,
                seed: seed
            )
            return try product(x, matrix, bias: bias?.to(dtype: .float32), adding: added, context)
        }
        var bias = bias?.value
        if let own = adapter.bias?.value {
            let scaled = try own * adapter.options.scaling
            bias = try bias.map { (bias) throws(TorchError) in try bias + scaled } ?? scaled
        }
        let dropout = context.dropout == nil ? 0 : adapter.options.dropout
        guard let magnitude = adapter.magnitude else {
            return try plain(
                x,
                bias: bias,
                dropout: dropout,
                seed: dropout > 0 ? context.dropout?.draw() ?? 0 : 0
            )
        }
        let factors = try adapter.rowFactors(magnitude, matrix)
        guard dropout > 0 else {
            let y = try plain(x, bias: nil, dropout: 0) * factors
            return try bias.map { (bias) throws(TorchError) in try y + bias } ?? y
        }
        // peft scales the product of the dropped input only: W·x + (f - 1) · W·d + f · s·B·A·d for the dropped input d.
        let kept = try context.dropout(dropout, x)
        let rest = try context.product(x - kept, weight, isTransposed: kind == .transposed, bias: bias)
        return try rest + plain(kept, bias: nil, dropout: 0) * factors
    }

    /// Multiplies with the frozen matrix and adds an adapter's product.
    private func product(
        _ x: Tensor,
        _ matrix: FrozenMatrix,
        bias: Tensor?,
        adding added: LowRankProduct,
        _ context: ForwardContext
    ) throws(TorchError) -> Tensor {
        let (type, routes) = (context.productType(of: weight), context.productRoutes)
        switch matrix {
        case .quantized(let matrix):
            return try x.linear(matrix, bias: bias, adding: added, in: type, routes: routes)
        case .resident(let matrix):
            let narrow = try context.narrowCopy(of: weight)
            let copy = kind == .transposed ? try narrow?.transposed(0, 1) : narrow
            return try x.linear(matrix, copy: copy, bias: bias, adding: added, in: type, routes: routes)
        }
    }

    /// Returns rows of a table with the adapter's change, `[.., H]`, float32.
    ///
    /// - Parameters:
    ///   - rows: The table's own rows, `[T, H]`, float32.
    ///   - ids: Their ids, `[T]`, int64.
    ///   - paddingIndex: The id that is not trained, in peft neither.
    /// - Returns: The changed rows.
    /// - Throws: `.outOfMemory`.
    func added(to rows: Tensor, _ ids: Tensor, paddingIndex: Int? = nil) throws(TorchError) -> Tensor {
        guard let adapter else { return rows }
        var inner = try adapter.a.value.transposed(0, 1).gatheringRows(ids)  // [T, r]
        if let paddingIndex {
            let isTrained = try ids.array(of: Int64.self).map { $0 == Int64(paddingIndex) ? Float(0) : 1 }
            if isTrained.contains(0) {
                let mask = try Tensor(isTrained).to(device: rows.device).unsqueezed(1)
                inner = try inner * mask + inner.detached() * (mask * -1 + 1)
            }
        }
        let sum = try rows + inner.matmul(adapter.b.value.transposed(0, 1)) * adapter.options.scaling
        guard let magnitude = adapter.magnitude else { return sum }
        return try sum * adapter.rowFactors(magnitude, matrix())
    }
}
