import CTorch

/// How a CPU computes the matrix products of linear layers; other devices ignore it.
///
/// Which way is fastest depends on the CPU: MKL is as fast as anything on Zen 3, oneDNN twice as fast as MKL on Zen 5, and
/// there are CPUs with instructions for bfloat16 that multiply float32 faster. The ways differ in rounding, so a run keeps
/// the one that it began with.
public struct ProductRoutes: Sendable, Hashable, CustomStringConvertible {
    /// Which library multiplies float32.
    public enum Float32: String, Sendable, Hashable, CaseIterable {
        /// Intel's MKL, which libtorch takes by default.
        case mkl
        /// oneDNN, in true float32.
        case oneDNN = "onednn"

        /// As the library spells itself.
        public var libraryName: String { self == .mkl ? "MKL" : "oneDNN" }
    }

    /// How products that are asked for in bfloat16 are computed.
    public enum BFloat16: String, Sendable, Hashable, CaseIterable {
        /// In bfloat16, with sums in float32.
        case bfloat16 = "bf16"
        /// In float32, because that is faster; float32 factors are not rounded.
        case float32 = "fp32"
    }

    /// Which library multiplies float32.
    public var float32: Float32
    /// How products that are asked for in bfloat16 are computed.
    public var bfloat16: BFloat16

    /// Routes by hand.
    ///
    /// - Parameters:
    ///   - float32: Which library multiplies float32; nil takes what the CPU's instruction sets suggest.
    ///   - bfloat16: How bfloat16 is multiplied; nil likewise.
    public init(float32: Float32? = nil, bfloat16: BFloat16? = nil) {
        let suggested = ct_nn_suggested_products()
        self.float32 = float32 ?? (suggested.by_onednn ? .oneDNN : .mkl)
        self.bfloat16 = bfloat16 ?? (suggested.in_float32 ? .float32 : .bfloat16)
    }

    /// What the CPU's instruction sets suggest, unmeasured.
    public static var suggested: ProductRoutes { ProductRoutes() }

    /// Whether this build of libtorch has oneDNN's products; without it ``Float32/oneDNN`` means MKL.
    public static var hasOneDNN: Bool { ct_nn_has_onednn() }

    /// Whether products asked for in a narrower type are computed in float32 on a device.
    ///
    /// - Parameters:
    ///   - dtype: `.bfloat16` or `.float16`.
    ///   - device: Only the CPU has a choice.
    /// - Returns: Whether they are.
    public func multipliesInFloat32(_ dtype: DType, on device: Device) -> Bool {
        device == .cpu && dtype != .float32 && bfloat16 == .float32
    }

    /// For messages: `fp32 by MKL, bf16 in fp32`.
    public var description: String {
        "fp32 by \(float32.libraryName), bf16 in \(bfloat16.rawValue)"
    }

    var native: ct_products {
        ct_products(by_onednn: float32 == .oneDNN, in_float32: bfloat16 == .float32)
    }
}
