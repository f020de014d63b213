public import Classification
public import Files
public import Foundation
public import Torch

/// The settings of an export: the format, the number type of the weights, and the vocabulary.
///
/// ```swift
/// var request = ExportRequest(.onnx)
/// request.dtype = .float16
/// let report = try await classifier.export(request, to: URL(filePath: "runs/tickets-onnx"))
/// ```
public struct ExportRequest: Sendable {
    /// Weights in fewer bits than a floating-point type has.
    public enum Quantization: String, Sendable, CaseIterable {
        /// ONNX: 8 bits, with states quantized when they are used.
        case int8
        /// ONNX: the same numbers, between `QuantizeLinear` and `DequantizeLinear`.
        case int8QDQ = "int8-qdq"
        /// ONNX: 4 bits, for weights only.
        case int4
        /// GGUF and the single file: blocks of 8 bits.
        case q8_0
        /// GGUF and the single file: blocks of 4 bits, with some matrices in more.
        case q4_k
    }

    /// The format.
    public var format: ExportFormat
    /// The type of the weights; nil takes float16 for Core ML and GGUF, and float32 for the others.
    public var dtype: DType?
    /// The quantized form of the weights; nil for a floating-point type.
    public var quantization: Quantization?
    /// The version of ONNX's operators; nil takes the newest that current runtimes read.
    public var opset: Int?
    /// Whether an ONNX file uses ONNX Runtime's own operators.
    public var usesContribOperators = false
    /// Texts like those that the classifier will read, whose tokens are kept; if there are none, all tokens are kept.
    public var keptTexts: [TextInputs] = []

    /// Creates a request with the format's own settings.
    ///
    /// - Parameter format: The format.
    public init(_ format: ExportFormat) { self.format = format }

    // MARK: Checking

    /// Rejects settings that contradict each other, before anything is read.
    ///
    /// - Throws: ``ExportError`` that names the settings and the possible values.
    public func check() throws(ExportError) {
        guard format == .onnx || (opset == nil && !usesContribOperators) else {
            throw ExportError(
                .badOption,
                "opset and contrib operators are settings of onnx; leave them out for \(format.rawValue)"
            )
        }
        guard dtype == nil || quantization == nil else {
            throw ExportError(
                .badOption,
                "a type and a quantized form of the weights exclude each other; give one of them"
            )
        }
        if let quantization, !format.quantizations.contains(quantization) {
            throw refusal(
                "is not quantized to \(quantization.rawValue)",
                format.quantizations.map(\.rawValue)
            )
        }
        if let dtype, !format.dtypes.contains(dtype) {
            throw refusal("is not written in \(dtype.rawValue)", format.dtypes.map(\.rawValue))
        }
    }

    private func refusal(_ what: String, _ possible: [String]) -> ExportError {
        let remedy =
            possible.isEmpty
            ? "choose another format, or leave it out" : "choose \(possible.joined(separator: ", "))"
        return ExportError(.badOption, "\(format.rawValue) \(what); \(remedy)")
    }

    /// Rejects a place that holds files, which would be overwritten.
    ///
    /// - Parameter place: The folder or file to write.
    /// - Throws: `FileError` with code `.exists`.
    public func requireFree(_ place: URL) throws(FileError) {
        let manager = FileManager.default
        let path = place.path(percentEncoded: false)
        var isFolder: ObjCBool = false
        guard manager.fileExists(atPath: path, isDirectory: &isFolder) else { return }
        // An export to ONNX in another type goes next to the first, as transformers.js expects.
        if format == .onnx {
            let file = place.appending(path: "onnx/\(precision.fileName)").path(percentEncoded: false)
            guard manager.fileExists(atPath: file) else { return }
            throw FileError(.exists, "\(file) exists; give another place, or remove it")
        }
        if format.isFolder, isFolder.boolValue {
            let names = (try? manager.contentsOfDirectory(atPath: path)) ?? []
            if names.isEmpty { return }
            throw FileError(.exists, "\(path) is not empty; give a new folder")
        }
        throw FileError(.exists, "\(path) exists; give another place, or remove it")
    }
}

extension ExportFormat {
    /// The quantized forms of the format.
    public var quantizations: [ExportRequest.Quantization] {
        switch self {
        case .onnx: [.int8, .int8QDQ, .int4]
        case .gguf, .attune: [.q8_0, .q4_k]
        case .coreml, .safetensors: []
        }
    }

    /// The number types of the format, the default first.
    public var dtypes: [DType] {
        switch self {
        case .onnx: [.float32, .float16]
        case .gguf: [.float16, .float32, .bfloat16]
        case .coreml: [.float16, .float32]
        case .safetensors, .attune: [.float32, .float16, .bfloat16]
        }
    }

    /// Whether the result is a folder, not a file.
    public var isFolder: Bool {
        switch self {
        case .onnx, .coreml, .safetensors: true
        case .gguf, .attune: false
        }
    }
}
