package import Torch

/// The options of an adapter that its layers share.
package struct AdapterOptions: Sendable, Equatable {
    /// The width of the inner product, r.
    package var rank: Int
    /// The factor on the product, s.
    package var scaling: Double
    /// Dropout's probability on the adapter's input while training; fraction in `0 ..< 1`.
    package var dropout = 0.0
    /// Whether the rows of the changed weight are scaled to trained magnitudes (DoRA).
    package var hasMagnitude = false
    /// Whether `b` has a bias.
    package var hasBias = false
    /// Whether weight decay applies to the magnitudes, as in peft.
    ///
    /// It pulls the rows of the weight toward zero.
    package var decaysMagnitude = false
    /// Factor on the learning rate of `b` (LoRA+).
    package var rateFactorOfB = 1.0

    package init(rank: Int, scaling: Double) { (self.rank, self.scaling) = (rank, scaling) }
}

/// A trained change of a frozen matrix: `s · B · A`, in DoRA with trained magnitudes of the rows.
///
/// Source: Hu et al. 2021 (LoRA); Liu et al. 2024 (DoRA); peft 0.21, tuners/lora.
package final class LowRankAdapter {
    /// `[r, in]`.
    package let a: Parameter
    /// `[out, r]`.
    package let b: Parameter
    /// The bias of `b`, `[out]`.
    package let bias: Parameter?
    /// `[out]`.
    package let magnitude: Parameter?
    package let options: AdapterOptions
    /// The lengths of the changed weight's rows, and the versions of `a` and `b` that they belong to.
    private var lengths: (tensor: Tensor, versions: [UInt32])?
    /// The start values, if they were taken from the weight and subtracted from it.
    package var subtracted: (a: Tensor, b: Tensor)?
    /// The squared lengths of the frozen weight's rows, `[out]`.
    private var frozenSquares: Tensor?

    /// The parameters that are trained.
    package var parameters: [Parameter] { [a, b] + [bias, magnitude].compactMap(\.self) }

    /// Creates the parameters without values.
    ///
    /// - Parameters:
    ///   - path: The layer's name.
    ///   - kind: The kind of layer.
    ///   - weight: The shape of the layer's weight.
    ///   - options: Rank, scaling and the rest.
    /// - Throws: `.outOfMemory`.
    package init(
        _ path: String,
        of kind: AdaptedWeight.Kind,
        weight: [Int],
        _ options: AdapterOptions
    ) throws(TorchError) {
        self.options = options
        let (input, output) = kind.widths(of: weight)
        let names =
            kind == .table ? ("lora_embedding_A", "lora_embedding_B") : ("lora_A.weight", "lora_B.weight")
        func parameter(
            _ name: String,
            _ shape: [Int],
            role: ParameterRole = .plain
        ) throws(TorchError) -> Parameter {
            try Parameter(name: "\(path).\(name)", shape: shape, initialization: .zeros, role: role)
        }
        a = try parameter(names.0, [options.rank, input])
        b = try parameter(names.1, [output, options.rank])
        b.learningRateFactor = options.rateFactorOfB
        bias = options.hasBias ? try parameter("lora_B.bias", [output]) : nil
        let role = options.decaysMagnitude ? ParameterRole.plain : .magnitude
        magnitude = options.hasMagnitude ? try parameter("lora_magnitude_vector", [output], role: role) : nil
    }

    /// The change of a weight, `s · B · A`.
    ///
    /// - Returns: `[out, in]`, without a gradient.
    /// - Throws: `.outOfMemory`.
    package func change() throws(TorchError) -> Tensor {
        try withNoGradient { () throws(TorchError) in
            try b.value.detached().matmul(a.value.detached()) * options.scaling
        }
    }

    /// The weight with the change and, in DoRA, the magnitudes.
    ///
    /// - Parameter weight: `[out, in]`, float32.
    /// - Returns: `[out, in]`, float32.
    /// - Throws: `.outOfMemory`.
    package func merged(into weight: Tensor) throws(TorchError) -> Tensor {
        try withNoGradient { () throws(TorchError) in
            let sum = try weight + change()
            guard let magnitude else { return sum }
            let lengths = try sum.map(.square).sum(along: 1).map(.sqrt)
            return try sum * (magnitude.value.detached() / lengths).unsqueezed(1)
        }
    }

    /// The factor on each row of the changed weight in DoRA, m / ‖W + s·B·A‖.
    ///
    /// - Parameters:
    ///   - magnitude: The magnitudes m, `[out]`.
    ///   - weight: `[out, in]`.
    /// - Returns: `[out]`; its gradient reaches the magnitudes only.
    /// - Throws: `.outOfMemory`.
    package func rowFactors(_ magnitude: Parameter, _ weight: FrozenMatrix) throws(TorchError) -> Tensor {
        try magnitude.value / lengths(of: weight)
    }

    /// The lengths of the rows of W + s·B·A, computed once per change of `a` or `b`, without a matrix of the weight's size:
    /// ‖W + s·B·A‖² = ‖W‖² + 2 s · rowsum((W·Aᵀ) ∘ B) + s² · rowsum((B·(A·Aᵀ)) ∘ B).
    private func lengths(of weight: FrozenMatrix) throws(TorchError) -> Tensor {
        let versions = [try a.value.version(), try b.value.version()]
        if let lengths, lengths.versions == versions { return lengths.tensor }
        let result = try withNoGradient { () throws(TorchError) -> Tensor in
            let squares: Tensor
            if let frozenSquares {
                squares = frozenSquares
            } else {
                squares = try weight.squaredLengths()
            }
            frozenSquares = squares
            let (a, b, s) = (try self.a.value.detached(), try self.b.value.detached(), options.scaling)
            let mixed = try (weight.product(a).transposed(0, 1) * b).sum(along: 1)
            let own = try (b.matmul(a.matmul(a.transposed(0, 1))) * b).sum(along: 1)
            return try (squares + mixed * (2 * s) + own * (s * s)).map(.relu).map(.sqrt)
        }
        lengths = (result, versions)
        return result
    }

    /// Sets the magnitudes to the lengths of the rows, so that the layer is unchanged at first.
    ///
    /// - Parameter weight: `[out, in]`.
    /// - Throws: `.outOfMemory`.
    package func measureMagnitude(of weight: FrozenMatrix) throws(TorchError) {
        guard let magnitude else { return }
        lengths = nil
        try magnitude.set(lengths(of: weight).copy())
    }
}
