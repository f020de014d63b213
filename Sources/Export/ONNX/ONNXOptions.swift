/// The number types of an ONNX file's weights.
public enum ONNXPrecision: String, Sendable, CaseIterable {
    /// Weights and computation in float32.
    case float32
    /// Weights and computation in float16, except positions, counts and the statistics of norms. For GPUs.
    case float16
    /// Weights in 8 bits with a scale per output, states quantized when they are used: `DynamicQuantizeLinear` and
    /// `MatMulInteger`, which ONNX Runtime fuses into one operator.
    case int8
    /// The same numbers as ``int8`` between `QuantizeLinear` and `DequantizeLinear`, for runtimes that look for this form.
    case int8QDQ
    /// Weights in 4 bits with a scale per 32 inputs: ONNX Runtime's `MatMulNBits`.
    case int4

    /// The name of the file, by which transformers.js finds the type that is asked for (`dtype: "q8"`).
    ///
    /// Source: `DEFAULT_DTYPE_SUFFIX_MAPPING` of transformers.js 3 (utils/dtypes.js).
    package var fileName: String {
        switch self {
        case .float32: "model.onnx"
        case .float16: "model_fp16.onnx"
        case .int8: "model_quantized.onnx"
        case .int8QDQ: "model_int8.onnx"
        case .int4: "model_q4.onnx"
        }
    }
}

/// The options of an export to ONNX.
public struct ONNXOptions: Sendable, Equatable {
    /// The versions of ONNX's operators that can be written.
    ///
    /// Version 17 has layer normalization. ONNX Runtime 1.18 is the first to read version 21.
    public static let opsets = 17...21

    /// The number types of the weights.
    public var precision: ONNXPrecision
    /// The version of ONNX's operators.
    ///
    /// 20 is the highest that ONNX Runtime 1.17 and all later ones read, and onnxruntime-web in transformers.js 3. It is the
    /// first with GELU.
    public var opset: Int
    /// Whether to use ONNX Runtime's own operators for attention, rotary embeddings, sums before norms, and activations.
    ///
    /// They are those of `com.microsoft` in version 1.20 or later; other runtimes cannot read such a file.
    public var usesContribOperators: Bool
    /// Whether to write the weights to a file next to the model; nil does so if they exceed protobuf's limit of 2 GB.
    public var externalData: Bool?

    /// Creates options.
    ///
    /// - Parameters:
    ///   - precision: The number types of the weights.
    ///   - opset: The version of ONNX's operators, one of ``opsets``.
    ///   - usesContribOperators: Whether to use ONNX Runtime's own operators.
    ///   - externalData: Whether to write the weights to a file next to the model; nil decides by their size.
    public init(
        precision: ONNXPrecision = .float32,
        opset: Int = 20,
        usesContribOperators: Bool = false,
        externalData: Bool? = nil
    ) {
        self.precision = precision
        self.opset = opset
        self.usesContribOperators = usesContribOperators
        self.externalData = externalData
    }

    /// Rejects values that cannot be written.
    ///
    /// - Throws: `.badOption`.
    func check() throws(ExportError) {
        guard Self.opsets.contains(opset) else {
            throw ExportError(
                .badOption,
                "ONNX's opset \(opset) is not supported: choose from \(Self.opsets.lowerBound) to \(Self.opsets.upperBound)"
            )
        }
    }
}
