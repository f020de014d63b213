import CTorch

/// A way to compute a matrix product that a machine may offer.
///
/// ``ProductRoutes`` are those of training; this list also has ways that training does not use, to know the limit.
package enum ProbedRoute: String, Sendable, Hashable, CaseIterable {
    /// MKL in float32, libtorch's default.
    case mkl = "fp32 mkl"
    /// MKL in float32, with a weight that was packed in advance.
    case mklPacked = "fp32 mkl packed"
    /// oneDNN in true float32.
    case oneDNN = "fp32 onednn"
    /// oneDNN in true float32, with a weight that was reordered in advance.
    case oneDNNPacked = "fp32 onednn packed"
    /// Our own kernel in float32.
    case attune = "fp32 attune"
    /// libtorch in bfloat16, without the time of rounding the factors.
    case bfloat16 = "bf16"
    /// oneDNN in bfloat16, with a weight that was reordered in advance.
    case bfloat16Packed = "bf16 packed"
    /// Our own kernel in bfloat16.
    case bfloat16Attune = "bf16 attune"

    /// The type of the factors.
    package var dtype: DType {
        switch self {
        case .mkl, .mklPacked, .oneDNN, .oneDNNPacked, .attune: .float32
        case .bfloat16, .bfloat16Packed, .bfloat16Attune: .bfloat16
        }
    }

    /// The name in tables.
    package var title: String {
        switch self {
        case .mkl: "MKL"
        case .mklPacked: "MKL packed"
        case .oneDNN: "oneDNN"
        case .oneDNNPacked: "oneDNN packed"
        case .attune: "Attune"
        case .bfloat16: "bf16"
        case .bfloat16Packed: "bf16 packed"
        case .bfloat16Attune: "bf16 Attune"
        }
    }

    /// Whether a factor is prepared in advance.
    package var isPacked: Bool {
        switch self {
        case .mklPacked, .oneDNNPacked, .bfloat16Packed: true
        case .mkl, .oneDNN, .attune, .bfloat16, .bfloat16Attune: false
        }
    }

    /// Whether a product can take this route: only weights stay the same, so only they can be prepared in advance.
    ///
    /// - Parameter kind: The result of the product.
    /// - Returns: True if it can.
    package func supports(_ kind: ProductShape.Kind) -> Bool { !isPacked || kind != .weightGradient }

    var native: ct_probe_route {
        switch self {
        case .mkl: CT_PROBE_MKL
        case .mklPacked: CT_PROBE_MKL_PACKED
        case .oneDNN: CT_PROBE_ONEDNN
        case .oneDNNPacked: CT_PROBE_ONEDNN_PACKED
        case .attune: CT_PROBE_ATTUNE
        case .bfloat16: CT_PROBE_BFLOAT16
        case .bfloat16Packed: CT_PROBE_BFLOAT16_PACKED
        case .bfloat16Attune: CT_PROBE_BFLOAT16_ATTUNE
        }
    }
}

/// A matrix product by one route, with prepared factors, to time it.
package final class ProductProbe {
    private let handle: ct_probe

    /// Prepares a product; nil if this machine does not have the route.
    ///
    /// - Parameters:
    ///   - factors: The factors.
    ///   - route: The route.
    /// - Throws: `.outOfMemory`.
    package init?(_ factors: ProductFactors, _ route: ProbedRoute) throws(TorchError) {
        guard route.supports(factors.kind) else { return nil }
        var handle = ct_probe()
        do throws(TorchError) {
            let status = withExtendedLifetime(factors) {
                ct_probe_new(&handle, factors.a.handle, factors.b.handle, route.native)
            }
            try check("ProductProbe", status)
        } catch {
            guard error.code == .outOfMemory else { return nil }
            throw error
        }
        self.handle = handle
    }

    deinit { ct_probe_free(handle) }

    /// Multiplies several times.
    ///
    /// - Parameter count: The number of repetitions.
    /// - Returns: The seconds of all repetitions.
    /// - Throws: `.outOfMemory`, or `.failed` if the CPU lacks the route after all.
    package func seconds(_ count: Int) throws(TorchError) -> Double {
        var seconds = 0.0
        let probe = self
        try check(
            "ProductProbe",
            withExtendedLifetime(probe) { ct_probe_run(&seconds, probe.handle, Int64(count)) }
        )
        return seconds
    }

    /// The product in float32.
    ///
    /// - Returns: The result of `a · bᵀ`.
    /// - Throws: As ``seconds(_:)``.
    package func product() throws(TorchError) -> Tensor {
        let probe = self
        return try makeTensor("ProductProbe") { ct_probe_product($0, probe.handle) }
    }
}

/// Random factors of a product `a · bᵀ`, in the order in which a linear layer has them.
package final class ProductFactors {
    /// The result of the product.
    package let kind: ProductShape.Kind
    /// The first factor.
    package let a: Tensor
    /// The second factor, transposed.
    package let b: Tensor

    /// Draws the factors of a shape.
    ///
    /// - Parameter shape: The shape.
    /// - Throws: `.outOfMemory`.
    package init(_ shape: ProductShape) throws(TorchError) {
        kind = shape.kind
        let random = try RandomSource(seed: 0)
        func matrix(_ rows: Int, _ columns: Int) throws(TorchError) -> Tensor {
            try Tensor.normal([rows, columns], random: random)
        }
        switch shape.kind {
        case .forward:
            a = try matrix(shape.rows, shape.inputs)
            b = try matrix(shape.outputs, shape.inputs)
        case .inputGradient:
            a = try matrix(shape.rows, shape.outputs)
            b = try matrix(shape.outputs, shape.inputs).transposed(0, 1)
        case .weightGradient:
            a = try matrix(shape.rows, shape.outputs).transposed(0, 1)
            b = try matrix(shape.rows, shape.inputs).transposed(0, 1)
        }
    }
}
