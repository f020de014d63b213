import CTorch

/// The tensors of a linear layer.
package struct LayerTensors {
    /// `[out, in]`, float32 or the type of the products.
    package var weight: Tensor
    /// The weight in a narrower type of the products, if there is a copy.
    package var copy: Tensor?
    /// `[out]`, float32.
    package var bias: Tensor?

    package init(weight: Tensor, copy: Tensor? = nil, bias: Tensor? = nil) {
        (self.weight, self.copy, self.bias) = (weight, copy, bias)
    }
}

/// An activation function that a feed-forward layer computes between its products.
package enum FusedActivation: Sendable {
    case silu
    case gelu
    /// The tanh approximation of GELU.
    case geluTanh
    case relu

    var native: ct_activation {
        switch self {
        case .silu: CT_ACTIVATION_SILU
        case .gelu: CT_ACTIVATION_GELU
        case .geluTanh: CT_ACTIVATION_GELU_TANH
        case .relu: CT_ACTIVATION_RELU
        }
    }
}

extension Tensor {
    /// Applies several linear layers to this tensor.
    ///
    /// It is rounded only once, and matrices that lie one after another in memory are multiplied as one.
    ///
    /// - Parameters:
    ///   - layers: The layers; this tensor is `[.., in]`. All have a copy or none, and all have a bias or none.
    ///   - dtype: The type that factors are rounded to, or `.float32`.
    ///   - routes: The product routes on a CPU.
    /// - Returns: `[.., out]` of each layer, float32.
    /// - Throws: `.failed` if the sizes differ.
    package func linear(
        _ layers: [LayerTensors],
        in dtype: DType,
        routes: ProductRoutes
    ) throws(TorchError) -> [Tensor] {
        var results = [ct_tensor](repeating: ct_tensor(), count: layers.count)
        try check(
            "linear",
            withLayers(layers) { native in
                ct_nn_joint_linear(&results, handle, native, dtype.native, routes.native)
            }
        )
        return results.map(Tensor.init(handle:))
    }

    /// Applies a feed-forward layer to this tensor: linear layers, an activation function, and a linear layer.
    ///
    /// - Parameters:
    ///   - layers: The first layer, or gate and up as one layer or two, and then the last layer. All have a copy or none, and all
    ///     have a bias or none.
    ///   - isGated: Whether there are gate and up.
    ///   - activation: The function; of the gate, if there is one.
    ///   - dtype: The type that factors are rounded to, or `.float32`.
    ///   - routes: The product routes on a CPU.
    /// - Returns: `[.., out]` of the last layer, float32.
    /// - Throws: `.failed` if the sizes differ.
    package func feedForward(
        _ layers: [LayerTensors],
        isGated: Bool,
        activation: FusedActivation,
        in dtype: DType,
        routes: ProductRoutes
    ) throws(TorchError) -> Tensor {
        try makeTensor("feedForward", from: self) { out in
            withLayers(layers) { native in
                ct_nn_feed_forward(
                    out,
                    handle,
                    native,
                    isGated,
                    activation.native,
                    dtype.native,
                    routes.native
                )
            }
        }
    }

    private func withLayers<Result>(_ layers: [LayerTensors], _ body: (ct_layers) -> Result) -> Result {
        func all(_ tensors: [Tensor?]) -> [Tensor] {
            let present = tensors.compactMap { $0 }
            return present.count == tensors.count ? present : []
        }
        let (copies, biases) = (all(layers.map(\.copy)), all(layers.map(\.bias)))
        return withHandles(layers.map(\.weight)) { weights in
            withHandles(copies) { copiesStart in
                withHandles(biases) { biasesStart in
                    body(
                        ct_layers(
                            weights: weights,
                            copies: copies.isEmpty ? nil : copiesStart,
                            biases: biases.isEmpty ? nil : biasesStart,
                            count: layers.count
                        )
                    )
                }
            }
        }
    }
}
