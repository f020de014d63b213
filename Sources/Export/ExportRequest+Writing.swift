public import Classification
import Files
public import Foundation
import Models
import NN
import Torch

extension ExportRequest {
    /// Writes a classifier in the format.
    ///
    /// An adapter is merged into the classifier, and quantized matrices are dequantized, both for good.
    ///
    /// - Parameters:
    ///   - classifier: A trained classifier.
    ///   - place: The folder or file to write.
    /// - Returns: The written files and notes.
    /// - Throws: ``ExportError`` for settings or a model that the format does not support; `FileError` with code `.exists` if
    ///   files would be overwritten; the errors of writing.
    public func write(_ classifier: TextClassifier, to place: URL) throws -> ExportReport {
        try check()
        try classifier.model.requireFloatProducts(toBe: "exported")
        try requireFree(place)
        try classifier.makeWhole()
        guard !keptTexts.isEmpty else { return try written(classifier, to: place) }
        let vocabulary = try PrunedVocabulary(classifier, corpus: keptTexts)
        guard format != .safetensors else {
            return try SafetensorsExport.write(classifier, to: place, dtype: type, vocabulary: vocabulary)
        }
        return try writePruned(classifier, vocabulary, to: place)
    }

    /// The type of the weights.
    var type: DType { dtype ?? format.dtypes.first ?? .float32 }

    /// The number types of an ONNX file.
    var precision: ONNXPrecision {
        switch quantization {
        case .int8: .int8
        case .int8QDQ: .int8QDQ
        case .int4: .int4
        case nil, .q8_0, .q4_k: type == .float16 ? .float16 : .float32
        }
    }

    private func written(_ classifier: TextClassifier, to place: URL) throws -> ExportReport {
        switch format {
        case .safetensors: try SafetensorsExport.write(classifier, to: place, dtype: type)
        case .onnx: try ONNXExport.write(classifier, to: place, onnxOptions)
        case .gguf: try GGUFExport.write(classifier, to: place, blocks ?? ggufType)
        case .attune: try SingleFileExport.write(classifier, to: place, dtype: type, quantization: blocks)
        case .coreml: try CoreMLExport.write(classifier, to: place, dtype: type)
        }
    }

    /// The quantized form of a GGUF or single file; nil for a floating-point type.
    private var blocks: GGUFWeights? {
        switch quantization {
        case .q8_0: .q8_0
        case .q4_k: .q4_k
        case nil, .int8, .int8QDQ, .int4: nil
        }
    }

    /// The floating-point type of a GGUF file.
    private var ggufType: GGUFWeights {
        switch type {
        case .float32: .float32
        case .bfloat16: .bfloat16
        default: .float16
        }
    }

    private var onnxOptions: ONNXOptions {
        var options = ONNXOptions(precision: precision, usesContribOperators: usesContribOperators)
        if let opset { options.opset = opset }
        return options
    }

    /// Writes the smaller classifier to a temporary folder, and exports it from there.
    private func writePruned(
        _ classifier: TextClassifier,
        _ vocabulary: PrunedVocabulary,
        to place: URL
    ) throws -> ExportReport {
        // On the disk of the result, which has room for the weights.
        let folder = place.deletingLastPathComponent()
            .appending(
                path: ".attune-vocabulary-\(UInt64.random(in: 0 ... .max))",
                directoryHint: .isDirectory
            )
        defer { try? FileManager.default.removeItem(at: folder) }
        let pruned = try SafetensorsExport.write(classifier, to: folder, vocabulary: vocabulary)
        let smaller = try SafetensorsExport.open(folder)
        var report = try written(smaller, to: place)
        report.weightBytesBefore = pruned.weightBytesBefore
        report.notes = pruned.notes + report.notes
        return report
    }
}

extension TextClassifier {
    /// Adds an adapter's changes to the weights, and dequantizes all matrices.
    ///
    /// - Throws: `ModelError` for an adapter that no weights can hold; `TorchError`.
    func makeWhole() throws {
        try mergeAdapter()
        for matrix in model.parameters.adaptedWeights { try matrix.dequantize() }
    }
}
