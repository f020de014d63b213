public import Classification
import Files
public import Foundation
import JSON
import Models
import NN
import Tokenization

/// The ONNX writer.
public enum ONNXExport {
    /// Writes a classifier as an ONNX model, in the layout that Optimum and transformers.js load.
    ///
    /// The folder gets `config.json` and the tokenizer's files, its subfolder `onnx` the model: `model.onnx`, `model_fp16.onnx` and
    /// so on by precision, so that one folder can have several of them. Inputs are `input_ids`, `attention_mask` and, for models
    /// with token types, `token_type_ids`; all are int64 `[batch_size, sequence_length]`, with padding on either side. The output
    /// is `logits`, float32 `[batch_size, labels]`. Labels and decisions are in the file's metadata.
    ///
    /// - Parameters:
    ///   - classifier: A classifier in floating point; an adapter must be merged.
    ///   - folder: The folder; it is created if necessary.
    ///   - options: The number types, the version of the operators, and the place of the weights.
    /// - Returns: The written files and notes about them.
    /// - Throws: ``ExportError``, `ModelError`, `FileError` or `TorchError`.
    public static func write(
        _ classifier: TextClassifier,
        to folder: URL,
        _ options: ONNXOptions = ONNXOptions()
    ) throws -> ExportReport {
        try options.check()
        let model = classifier.model
        var lowering = ONNXLowering(try model.graph(), model.parameters, options)
        try lowering.run()
        let file = ONNXFile(
            model: lowering.modelMessage(version: attuneVersion, metadata: exportMetadata(of: classifier)),
            graph: lowering.graphMessage(named: model.configuration.modelType),
            tensors: lowering.builder.tensors
        )
        var report = ExportReport(
            format: .onnx,
            weightBytesBefore: model.parameters.parameters.reduce(0) { $0 + $1.byteCount },
            notes: notes(classifier, options, usesContrib: lowering.builder.usesContrib)
        )
        report.files = try write(file, to: folder.appending(path: "onnx"), options)
        report.files += try classifier.writeExportCompanions(to: folder, adding: externalDataFields(folder))
        return report
    }

    /// Writes the model, and its weights into a second file if necessary.
    private static func write(
        _ file: ONNXFile,
        to folder: URL,
        _ options: ONNXOptions
    ) throws -> [(url: URL, bytes: Int)] {
        let model = folder.appending(path: options.precision.fileName)
        let data = folder.appending(path: options.precision.fileName + externalDataEnding)
        let exceedsLimit = file.tensorBytes > ONNXFile.mostInlineBytes
        guard options.externalData ?? exceedsLimit else {
            guard !exceedsLimit else {
                throw ExportError(
                    .badOption,
                    "the weights have \(file.tensorBytes) bytes, but one ONNX file can have at most "
                        + "\(ONNXFile.mostInlineBytes); write them to a second file"
                )
            }
            let bytes = try file.write(to: model)
            // An earlier export may have left its weights.
            try? FileManager.default.removeItem(at: data)
            return [(model, bytes)]
        }
        let bytes = try file.write(to: model, data: data)
        return [(model, bytes.model), (data, bytes.data)]
    }

    /// The ending by which transformers.js and Optimum find the file with the weights.
    private static let externalDataEnding = "_data"

    /// The field of `config.json` that tells transformers.js which models in the folder have a second file.
    private static func externalDataFields(_ folder: URL) -> JSONObject {
        let path = folder.appending(path: "onnx").path(percentEncoded: false)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let models = names.filter { $0.hasSuffix(".onnx\(externalDataEnding)") }
            .map { String($0.dropLast(externalDataEnding.count)) }
        guard !models.isEmpty else { return [:] }
        let flags = JSONObject(models.sorted().map { ($0, JSONValue.bool(true)) })
        return ["transformers.js_config": .object(["use_external_data_format": .object(flags)])]
    }

    /// Facts and warnings about the file, one sentence each.
    private static func notes(
        _ classifier: TextClassifier,
        _ options: ONNXOptions,
        usesContrib: Bool
    ) -> [String] {
        var notes = [
            options.opset <= 20
                ? "opset \(options.opset): opens in ONNX Runtime 1.17 or later, and in transformers.js 3"
                : "opset \(options.opset): opens in ONNX Runtime 1.18 or later"
        ]
        if options.usesContribOperators {
            notes.append("uses operators of ONNX Runtime 1.20 or later; other runtimes cannot open the file")
        } else if usesContrib {
            notes.append("MatMulNBits is an operator of ONNX Runtime; other runtimes cannot open the file")
        }
        if options.precision == .int8 || options.precision == .int8QDQ {
            notes.append(
                "the scale of quantized states is that of the whole batch, so the last digits of logits depend on the batch"
            )
        }
        return notes + classifier.notesOnLogits(inFloat16: options.precision == .float16)
    }
}
