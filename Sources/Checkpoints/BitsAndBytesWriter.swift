public import JSON
public import Torch

/// Returns the tensors that hold a quantized matrix in bitsandbytes' form.
///
/// - Parameters:
///   - name: The name of the matrix, which ends with `weight`.
///   - matrix: A matrix in 4 or 8 bits.
/// - Returns: Names and values.
/// - Throws: `.unsupported` for blocks of a GGUF file, a matrix for integer products, or a name that does not end with `weight`.
///
/// Source: `Linear4bit` and `Linear8bitLt` of bitsandbytes 0.50 (bitsandbytes/nn/modules.py).
public func bitsAndBytesTensors(
    _ name: String,
    _ matrix: QuantizedMatrix
) throws(CheckpointError) -> [(name: String, tensor: Tensor)] {
    guard let scales = BitsAndBytesLayer.neighbor("SCB", of: name),
        let format = BitsAndBytesLayer.neighbor("weight_format", of: name)
    else {
        throw CheckpointError(
            .unsupported,
            "\(quoted(name)) cannot be written in bitsandbytes' form, because its name does not end with \"weight\""
        )
    }
    if case .stored = matrix.contents {
        throw CheckpointError(
            .unsupported,
            "\(quoted(name)) in \(matrix.storage) of a GGUF file cannot be written in bitsandbytes' form; "
                + "dequantize it, and quantize it to nf4, fp4 or int8"
        )
    }
    if matrix.isPacked {
        throw CheckpointError(
            .unsupported,
            "\(quoted(name)) is quantized for integer products, and not written in that form; load the model without it to save it"
        )
    }
    return try BitsAndBytesLayer.naming(name) { () throws(TorchError) in
        switch matrix.contents {
        case .fourBits(let codes):
            let state = QuantizationState(codes, dtype: matrix.originalDType ?? .float32)
            let parts: [(name: String, tensor: Tensor)] = [
                (name, codes.codes), ("\(name).quant_map", try Tensor(codes.map.values)),
                (
                    BitsAndBytesLayer.stateName(name, state.kind),
                    try Tensor(Array(state.text.utf8))
                ),
            ]
            switch codes.scales {
            case .plain(let scales): return parts + [("\(name).absmax", scales)]
            case .nested(let nested):
                return parts + [
                    ("\(name).absmax", nested.codes), ("\(name).nested_absmax", nested.scales),
                    ("\(name).nested_quant_map", nested.map),
                ]
            }
        case .eightBits(let codes):
            return [
                (name, codes.codes), (scales, codes.scales),
                (format, try Tensor.zeros([], dtype: .uint8)),
            ]
        case .stored, .packed: return []
        }
    }
}

/// The settings of bitsandbytes in a model's `config.json`, under the key `quantization_config`.
///
/// Source: `BitsAndBytesConfig` of transformers 5.23 (utils/quantization_config.py).
public struct BitsAndBytesConfiguration: Sendable, Equatable {
    /// The storage type.
    public var kind: Quantization
    /// Whether the scales of 4-bit blocks are quantized, too.
    public var isDoubleQuantized: Bool
    /// The type in which transformers multiplies with 4-bit matrices.
    public var computeDType: DType
    /// Modules that transformers does not quantize; nil for transformers' choice, usually the head.
    public var skippedModules: [String]?

    /// Creates settings.
    ///
    /// - Parameters:
    ///   - kind: The storage type.
    ///   - isDoubleQuantized: Whether the scales of 4-bit blocks are quantized, too.
    ///   - computeDType: The type in which transformers multiplies with 4-bit matrices.
    ///   - skippedModules: Modules that transformers does not quantize; nil for transformers' choice.
    public init(
        kind: Quantization,
        isDoubleQuantized: Bool = false,
        computeDType: DType = .float32,
        skippedModules: [String]? = nil
    ) {
        self.kind = kind
        self.isDoubleQuantized = isDoubleQuantized
        self.computeDType = computeDType
        self.skippedModules = skippedModules
    }

    /// Reads the settings of a `config.json`.
    ///
    /// - Parameter json: The value of `quantization_config`.
    /// - Throws: `.unsupported` for another method or type; `.corrupt` if both 4 and 8 bits are on, or neither.
    public init(parsing json: JSONValue) throws(CheckpointError) {
        let method = json["quant_method"]
        // transformers wrote no method before version 4.36.
        guard method == .string("bitsandbytes") || !(json.object?.contains("quant_method") ?? true) else {
            throw CheckpointError(
                .unsupported,
                "config.json: the quantization method \(quoted(method.string ?? method.kind)) is not supported; "
                    + "use the same model unquantized, quantized by bitsandbytes, or as GGUF"
            )
        }
        func flag(_ key: String) -> Bool { json[key].bool ?? json["_\(key)"].bool ?? false }
        switch (flag("load_in_4bit"), flag("load_in_8bit")) {
        case (true, false):
            let name = json["bnb_4bit_quant_type"].string ?? "fp4"
            guard let kind = Quantization(rawValue: name), kind != .int8 else {
                throw CheckpointError(
                    .unsupported,
                    "config.json: bnb_4bit_quant_type \(quoted(name)) is not supported; supported are nf4 and fp4"
                )
            }
            self.kind = kind
        case (false, true): kind = .int8
        default:
            throw CheckpointError(
                .corrupt,
                "config.json: exactly one of load_in_4bit and load_in_8bit in quantization_config must be true"
            )
        }
        isDoubleQuantized = json["bnb_4bit_use_double_quant"].bool ?? false
        computeDType = json["bnb_4bit_compute_dtype"].string.flatMap(DType.init) ?? .float32
        skippedModules = json["llm_int8_skip_modules"].array?.compactMap(\.string)
    }

    /// The value of `quantization_config` as transformers writes it.
    public var json: JSONValue {
        let isFourBits = kind != .int8
        return .object([
            "_load_in_4bit": .bool(isFourBits), "_load_in_8bit": .bool(!isFourBits),
            "bnb_4bit_compute_dtype": .string(computeDType.rawValue),
            "bnb_4bit_quant_storage": .string("uint8"),
            "bnb_4bit_quant_type": .string(isFourBits ? kind.rawValue : "fp4"),
            "bnb_4bit_use_double_quant": .bool(isDoubleQuantized),
            "llm_int8_enable_fp32_cpu_offload": .bool(false), "llm_int8_has_fp16_weight": .bool(false),
            "llm_int8_skip_modules": skippedModules.map { .array($0.map { .string($0) }) } ?? .null,
            "llm_int8_threshold": .number("6.0"), "load_in_4bit": .bool(isFourBits),
            "load_in_8bit": .bool(!isFourBits), "quant_method": .string("bitsandbytes"),
        ])
    }
}
