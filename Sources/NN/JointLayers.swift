package import Torch

// Layers that are computed together, because that is faster: those that read the same rows, and feed-forward layers.
extension ForwardContext {
    /// Applies linear layers that read the same rows.
    ///
    /// - Parameters:
    ///   - layers: The layers.
    ///   - x: `[.., in]`, float32.
    /// - Returns: `[.., out]` of each layer, float32; the same as of each layer alone.
    /// - Throws: `.failed` if the sizes differ.
    package func apply(_ layers: [Linear], to x: Tensor) throws(TorchError) -> [Tensor] {
        guard let tensors = try tensors(of: layers), let first = layers.first else {
            return try layers.map { (layer) throws(TorchError) in try layer(x, self) }
        }
        if inspect != nil {
            // Each layer alone, only to be seen.
            let rows = try x.detached()
            for layer in layers { _ = try layer(rows, self) }
        }
        return try x.linear(tensors, in: productType(of: first.weight), routes: productRoutes)
    }

    /// Applies a feed-forward layer: one or two linear layers, an activation function, and a linear layer.
    ///
    /// - Parameters:
    ///   - first: The first layer, or gate and up as one layer or two.
    ///   - isGated: Whether there are gate and up.
    ///   - activation: The function; of the gate, if there is one.
    ///   - last: The last layer.
    ///   - x: `[.., in]`, float32.
    /// - Returns: `[.., out]` of the last layer, float32; the same as of each layer alone, to rounding.
    /// - Throws: `.failed` if the sizes differ.
    package func feedForward(
        _ first: [Linear],
        isGated: Bool,
        _ activation: Activation,
        _ last: Linear,
        _ x: Tensor
    ) throws(TorchError) -> Tensor {
        if let function = activation.fused,
            let tensors = try tensors(of: first + [last], joining: first.count)
        {
            if inspect != nil {
                // Each layer alone, only to be seen.
                _ = try apart(first, isGated: isGated, activation, last, x.detached())
            }
            return try x.feedForward(
                tensors,
                isGated: isGated,
                activation: function,
                in: productType(of: last.weight),
                routes: productRoutes
            )
        }
        if inspect == nil, !isGradientEnabled(), first.count == (isGated ? 2 : 1),
            let function = activation.fused,
            let panels = panels(of: first + [last])
        {
            var biases: [Tensor] = []
            for layer in first + [last] {
                if let bias = layer.bias { biases.append(try bias.value.to(dtype: .float32)) }
            }
            return try x.feedForward(panels, biases: biases.isEmpty ? nil : biases, activation: function)
        }
        return try apart(first, isGated: isGated, activation, last, x)
    }

    /// The matrices of layers that are multiplied in 8-bit integers; nil if one is not, has an adapter, or only some have a bias.
    private func panels(of layers: [Linear]) -> [Int8Panels]? {
        let panels = layers.compactMap { $0.hasAdapter ? nil : $0.weight.quantized?.panels }
        let biases = layers.count { $0.bias != nil }
        return panels.count == layers.count && [0, layers.count].contains(biases) ? panels : nil
    }

    /// A feed-forward layer, each of its layers alone.
    private func apart(
        _ first: [Linear],
        isGated: Bool,
        _ activation: Activation,
        _ last: Linear,
        _ x: Tensor
    ) throws(TorchError) -> Tensor {
        let results = try first.map { (layer) throws(TorchError) in try layer(x, self) }
        guard isGated else { return try last(activation(results[0]), self) }
        if results.count == 2 { return try last(activation.gated(results[0], results[1]), self) }
        let width = results[0].shape[results[0].shape.count - 1] / 2
        let dimension = results[0].shape.count - 1
        let gate = try results[0].narrowed(dimension, to: 0..<width)
        let up = try results[0].narrowed(dimension, to: width..<2 * width)
        return try last(activation.gated(gate, up), self)
    }

    /// The tensors of layers; nil if a layer must be computed alone: it has an adapter, is quantized, has another type than the
    /// others or no bias as they have.
    ///
    /// - Parameters:
    ///   - layers: The layers.
    ///   - joining: The number of first layers that read the same rows; nil for all. Their copies lie one after another.
    /// - Returns: The tensors of each layer, or nil.
    /// - Throws: `.outOfMemory`.
    private func tensors(
        of layers: [Linear],
        joining: Int? = nil
    ) throws(TorchError) -> [LayerTensors]? {
        guard let first = layers.first else { return nil }
        let type = productType(of: first.weight)
        let isUniform = layers.allSatisfy {
            $0.isPlain && productType(of: $0.weight) == type && ($0.bias == nil) == (first.bias == nil)
        }
        guard isUniform, layers.allSatisfy({ $0.weight.dtype == first.weight.dtype }) else { return nil }
        let joined = layers.prefix(joining ?? layers.count).map(\.weight)
        if keepsNarrowCopy(of: first.weight) { try Parameter.narrowTogether(joined) }
        var tensors: [LayerTensors] = []
        for layer in layers {
            tensors.append(
                LayerTensors(
                    weight: layer.weight.value,
                    copy: try narrowCopy(of: layer.weight),
                    bias: try layer.bias?.value.to(dtype: .float32)
                )
            )
        }
        return tensors
    }
}

extension Activation {
    /// The function as a feed-forward layer computes it between its products; nil if it does not.
    fileprivate var fused: FusedActivation? {
        switch self {
        case .gelu: .gelu
        case .geluTanh: .geluTanh
        case .relu: .relu
        case .silu: .silu
        case .quickGELU, .sigmoid, .tanh: nil
        }
    }
}
