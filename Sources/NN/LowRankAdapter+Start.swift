package import Torch

/// The start values of an adapter.
package enum AdapterStart: Sendable, Equatable {
    /// A ~ U(±1/√in), B = 0. For a table A = 0 and B ~ N(0, 1).
    case standard
    /// A ~ N(0, 1/r²), B = 0.
    case gaussian
    /// The largest singular vectors of the weight, which are subtracted from it.
    case singularVectors
    /// The first QR factors of the weight, which are subtracted from it.
    case orthogonalFactors
}

extension LowRankAdapter {
    /// Sets the start values, drawing the same numbers as peft for the same seed.
    ///
    /// - Parameters:
    ///   - weight: The layer; starts from a decomposition change its weight.
    ///   - start: The start values.
    ///   - random: The stream to draw from.
    /// - Throws: `.outOfMemory`.
    ///
    /// Source: `LoraLayer.update_layer` and `reset_lora_parameters` of peft 0.21 (tuners/lora/layer.py).
    package func initialize(
        _ weight: AdaptedWeight,
        _ start: AdapterStart,
        random: RandomSource
    ) throws(TorchError) {
        let device = weight.weight.value.device
        let (input, output, rank) = (a.shape[1], b.shape[0], options.rank)
        let cpu = random
        try bias?.set(.zeros([output], device: device))
        if weight.kind == .table {
            // peft draws both factors before it replaces them.
            _ = try Tensor.normal(a.shape, std: 1, random: cpu)
            _ = try Tensor.normal(b.shape, std: 1, random: cpu)
            try a.set(.zeros(a.shape, device: device))
            try b.set(Tensor.normal(b.shape, std: 1, random: cpu).to(device: device))
        } else {
            let bound = 1 / Double(input).squareRoot()
            // PyTorch's linear layers draw A and B (and its bias); then peft draws A again.
            _ = try Tensor.uniform(a.shape, within: bound, random: cpu)
            _ = try Tensor.uniform(b.shape, within: 1 / Double(rank).squareRoot(), random: cpu)
            if bias != nil {
                _ = try Tensor.uniform([output], within: 1 / Double(rank).squareRoot(), random: cpu)
            }
            let first =
                switch start {
                case .gaussian: try Tensor.normal(a.shape, std: 1 / Double(rank), random: cpu)
                case .standard: try Tensor.uniform(a.shape, within: bound, random: cpu)
                case .singularVectors, .orthogonalFactors: try Tensor.zeros(a.shape)
                }
            try a.set(first.to(device: device))
            try b.set(.zeros(b.shape, device: device))
        }
        switch start {
        case .standard, .gaussian: break
        case .singularVectors, .orthogonalFactors: try decompose(weight, start)
        }
        try measureMagnitude(of: weight.matrix())
    }

    /// Takes A and B from the weight, and subtracts their product from it.
    private func decompose(_ weight: AdaptedWeight, _ start: AdapterStart) throws(TorchError) {
        let rank = options.rank
        let matrix = try weight.matrix().values()  // [out, in]
        if start == .singularVectors {
            let (u, s, v) = try matrix.singularValues()
            let roots = try (s.narrowed(0, to: 0..<rank) * (1 / options.scaling)).map(.sqrt)
            try a.set((v.narrowed(0, to: 0..<rank) * roots.unsqueezed(1)).contiguous())
            try b.set((u.narrowed(1, to: 0..<rank) * roots.unsqueezed(0)).contiguous())
        } else {
            let (q, r) = try matrix.orthogonalFactors()
            try a.set(r.narrowed(0, to: 0..<rank).contiguous())
            try b.set(q.narrowed(1, to: 0..<rank).contiguous())
        }
        subtracted = (try a.value.copy(), try b.value.copy())
        let rest = try (matrix - change()).to(dtype: weight.weight.value.dtype)
        try weight.weight.set((weight.kind == .linear ? rest : rest.transposed(0, 1)).contiguous())
    }

    /// The bias of B times the scaling.
    ///
    /// - Returns: `[out]`; nil without a bias.
    /// - Throws: `.outOfMemory`.
    package func scaledBias() throws(TorchError) -> Tensor? {
        guard let bias else { return nil }
        return try bias.value.detached() * options.scaling
    }
}
