import CTorch

/// How a CPU computes the matrix products of linear layers; other devices ignore it.
///
/// The fastest route depends on the CPU: MKL is among the fastest on Zen 3, oneDNN is twice as fast as MKL on Zen 5, our own kernel
/// is faster than that if a factor is transposed, and some CPUs with bfloat16 instructions multiply float32 faster. The routes
/// differ in rounding, so a run keeps the route that it started with.
public struct ProductRoutes: Sendable, Hashable, CustomStringConvertible {
    /// The library for float32 products.
    public enum Float32: String, Sendable, Hashable, CaseIterable {
        /// Intel's MKL, libtorch's default.
        case mkl
        /// oneDNN, in true float32.
        case oneDNN = "onednn"
        /// Attune's own kernel for AVX-512 and AVX2, in true float32.
        case attune

        /// The library's own spelling.
        public var libraryName: String {
            switch self {
            case .mkl: "MKL"
            case .oneDNN: "oneDNN"
            case .attune: "Attune"
            }
        }

        fileprivate var native: ct_float_route {
            switch self {
            case .mkl: CT_FLOAT_MKL
            case .oneDNN: CT_FLOAT_ONEDNN
            case .attune: CT_FLOAT_ATTUNE
            }
        }

        fileprivate init(_ native: ct_float_route) {
            self = Self.allCases.first { $0.native == native } ?? .mkl
        }
    }

    /// How products requested in bfloat16 are computed.
    public enum BFloat16: String, Sendable, Hashable, CaseIterable {
        /// In bfloat16 by libtorch, with sums in float32.
        case bfloat16 = "bf16"
        /// In bfloat16 by Attune's own kernel, with sums in float32; by libtorch where the CPU or the widths do not allow it.
        case attune = "bf16 attune"
        /// In float32, because that is faster; float32 factors are not rounded.
        case float32 = "fp32"

        /// Whether factors are rounded to bfloat16.
        public var isNarrow: Bool { self != .float32 }

        /// The routes that round to bfloat16 and that this machine has.
        public static var available: [BFloat16] {
            allCases.filter { $0.isNarrow && ($0 != .attune || ct_nn_has_bfloat16_kernel()) }
        }

        /// The name of the library; nil for float32.
        public var libraryName: String? {
            switch self {
            case .bfloat16: "libtorch"
            case .attune: "Attune"
            case .float32: nil
            }
        }

        fileprivate var native: ct_narrow_route {
            switch self {
            case .bfloat16: CT_NARROW_LIBTORCH
            case .attune: CT_NARROW_ATTUNE
            case .float32: CT_NARROW_IN_FLOAT32
            }
        }

        fileprivate init(_ native: ct_narrow_route) {
            self = Self.allCases.first { $0.native == native } ?? .bfloat16
        }
    }

    /// The library for float32 products.
    public var float32: Float32
    /// How products requested in bfloat16 are computed.
    public var bfloat16: BFloat16

    /// Creates routes explicitly.
    ///
    /// - Parameters:
    ///   - float32: The library for float32 products; nil chooses by the CPU's instruction sets.
    ///   - bfloat16: How bfloat16 products are computed; nil chooses by the CPU's instruction sets.
    public init(float32: Float32? = nil, bfloat16: BFloat16? = nil) {
        let suggested = ct_nn_suggested_products()
        self.float32 = float32 ?? Float32(suggested.route)
        self.bfloat16 = bfloat16 ?? BFloat16(suggested.narrow)
    }

    /// The routes that the CPU's instruction sets suggest, without measuring.
    public static var suggested: ProductRoutes { ProductRoutes() }

    /// Whether this build of libtorch has oneDNN; without it ``Float32/oneDNN`` means MKL.
    public static var hasOneDNN: Bool { ct_nn_has_onednn() }

    /// Returns whether products requested in a narrower type are computed in float32 on a device.
    ///
    /// - Parameters:
    ///   - dtype: `.bfloat16` or `.float16`.
    ///   - device: The device; only the CPU has a choice.
    /// - Returns: True if they are computed in float32.
    public func multipliesInFloat32(_ dtype: DType, on device: Device) -> Bool {
        device == .cpu && dtype != .float32 && !bfloat16.isNarrow
    }

    /// A text for messages, for example `fp32 by MKL, bf16 in fp32` or `fp32 by Attune, bf16 by Attune`.
    public var description: String {
        "fp32 by \(float32.libraryName), bf16 " + (bfloat16.libraryName.map { "by \($0)" } ?? "in fp32")
    }

    var native: ct_products {
        ct_products(route: float32.native, narrow: bfloat16.native)
    }
}
