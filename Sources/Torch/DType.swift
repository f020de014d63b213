import CTorch

/// The type of a tensor's elements.
public enum DType: String, Sendable, CaseIterable, Codable {
    case bool, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64

    /// Size of an element in bytes.
    public var byteWidth: Int {
        switch self {
        case .bool, .uint8, .int8: 1
        case .int16, .float16, .bfloat16: 2
        case .int32, .float32: 4
        case .int64, .float64: 8
        }
    }

    /// Whether elements are floating-point numbers.
    public var isFloatingPoint: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        case .bool, .uint8, .int8, .int16, .int32, .int64: false
        }
    }

    var native: ct_dtype {
        switch self {
        case .bool: CT_BOOL
        case .uint8: CT_UINT8
        case .int8: CT_INT8
        case .int16: CT_INT16
        case .int32: CT_INT32
        case .int64: CT_INT64
        case .float16: CT_FLOAT16
        case .bfloat16: CT_BFLOAT16
        case .float32: CT_FLOAT32
        case .float64: CT_FLOAT64
        }
    }

    init(native: ct_dtype) {
        self = DType.allCases.first { $0.native == native } ?? .float32
    }
}

/// A Swift type with the same memory layout as a tensor's elements.
public protocol TensorElement: BitwiseCopyable, Sendable {
    /// The element type of tensors made of such values.
    static var dtype: DType { get }
}

extension Float: TensorElement {
    /// `float32`.
    public static var dtype: DType { .float32 }
}

extension Double: TensorElement {
    /// `float64`.
    public static var dtype: DType { .float64 }
}

extension Int32: TensorElement {
    /// `int32`.
    public static var dtype: DType { .int32 }
}

extension Int64: TensorElement {
    /// `int64`.
    public static var dtype: DType { .int64 }
}

extension UInt8: TensorElement {
    /// `uint8`.
    public static var dtype: DType { .uint8 }
}
