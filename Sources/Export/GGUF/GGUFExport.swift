import Checkpoints
public import Classification
import Files
public import Foundation
import Models
import NN
import Tokenization
import Torch

/// Writes a classifier as a GGUF file, for llama.cpp and for Attune.
///
/// llama.cpp reads the classification heads of BERT, RoBERTa, ModernBERT and Qwen3. Of other decoders it opens the file as an
/// embedding model; the head is in the metadata. Attune opens every file as the classifier that it was: the metadata also has
/// the model's `config.json`, tokenizer, settings, decisions and recorded answers, which llama.cpp ignores.
public enum GGUFExport {
    /// Writes the file, opens it again, and compares and records its answers.
    ///
    /// The file appears whole or not at all. It is written twice, because its answers are in its metadata: room for two is needed
    /// on its disk. In memory are the classifier, and the classifier of the written file in float32.
    ///
    /// - Parameters:
    ///   - classifier: A classifier without an adapter or quantized matrices.
    ///   - file: The destination.
    ///   - weights: The storage of the weights.
    /// - Returns: The file, and notes on how llama.cpp uses it.
    /// - Throws: `ModelError` with code `.unsupported` for a model that llama.cpp cannot compute; ``ExportError`` for an adapter, or a
    ///   type that cannot hold the weights; the errors of writing.
    public static func write(
        _ classifier: TextClassifier,
        to file: URL,
        _ weights: GGUFWeights = .float16
    ) throws -> ExportReport {
        try classifier.requireWhole()
        let description = try GGUFDescription(classifier.model.configuration)
        let tokenizer = try GGUFTokenizer(classifier.tokenizer, rows: classifier.model.embeddingRows)
        let tensors = try entries(of: classifier.model, description, weights)
        var fields = try GGUFFields(classifier, description, tokenizer, weights, name: file).all
        let first = try GGUFContent(fields: fields, tensors: tensors)
        let before = try ParityRecord(classifier)
        let staged = try StagedFile(beside: file, fileExtension: "gguf")
        defer { staged.remove() }
        try first.write(to: staged.url)
        let (record, note) = try staged.answers(comparedWith: before, in: weights.rawValue)
        fields.append((GGUFKeys.file + ParityRecord.fileName, .text(record.formatted)))
        let second = try GGUFContent(fields: fields, tensors: tensors)
        try second.write(to: file, copyingTensorsOf: first, at: staged.url)
        return ExportReport(
            format: .gguf,
            files: [(file, second.byteCount)],
            weightBytesBefore: classifier.weightBytes,
            notes: [note] + description.notes + tokenizer.notes + pairNotes(classifier, description)
        )
    }

    private static func pairNotes(_ classifier: TextClassifier, _ description: GGUFDescription) -> [String] {
        guard description.ignoresTokenTypes, classifier.settings.textPairColumn?.isEmpty == false,
            classifier.tokenizer.givesTokenTypes
        else { return [] }
        return ["llama.cpp gives both texts of a pair the same token type, so its logits of pairs differ"]
    }

    /// The tensors of the file.
    private static func entries(
        of model: SequenceClassifier,
        _ description: GGUFDescription,
        _ weights: GGUFWeights
    ) throws -> [GGUFContent.Entry] {
        let naming = GGUFNaming(
            architecture: description.architecture,
            modelType: model.configuration.modelType,
            headCount: description.headCount,
            keyValueHeadCount: description.keyValueHeadCount,
            positionOffset: description.positionOffset
        )
        var entries = description.tables.map { table in
            GGUFContent.Entry(name: table.name, shape: [table.values.count], type: .f32) {
                () throws(CheckpointError) in try tensor(table.values, [table.values.count], table.name)
            }
        }
        for parameter in model.parameters.parameters {
            if description.head == .metadata, parameter.name == GGUFFields.headName { continue }
            guard let naming, let name = naming.name(of: parameter.name) else {
                throw ExportError(.unsupported, "llama.cpp has no tensor like \(parameter.name)")
            }
            let shape = naming.shape(of: parameter.shape, parameter.name)
            let role = GGUFTensorRole(name: name, blockCount: description.blockCount)
            let isMatrix = shape.count > 1 && role.isMatrix
            let type = isMatrix ? weights.type(columns: shape[shape.count - 1], matters: role.matters) : .f32
            entries.append(
                GGUFContent.Entry(name: name, shape: shape, type: type) { () throws(CheckpointError) in
                    try values(of: parameter, as: type) { (values) throws(TorchError) in
                        try naming.stored(values, parameter.name)
                    }
                }
            )
        }
        return entries
    }

    /// The values of a parameter as they are written.
    ///
    /// - Parameters:
    ///   - parameter: The parameter.
    ///   - type: The type in the file.
    ///   - change: Changes float32 values to the file's order.
    /// - Returns: The values, in float32.
    /// - Throws: `.unsupported` if float16 cannot hold them.
    static func values(
        of parameter: Parameter,
        as type: GGUFTensorType,
        _ change: (Tensor) throws(TorchError) -> Tensor
    ) throws(CheckpointError) -> Tensor {
        do throws(TorchError) {
            let values = try change(parameter.value.to(dtype: .float32, device: .cpu))
            let isHeld = type != .f16 ? true : try values.to(dtype: .float16).to(dtype: .float32).isFinite()
            if isHeld { return values }
        } catch {
            throw CheckpointError(.inputOutput, "cannot write tensor \(parameter.name): \(error)")
        }
        throw CheckpointError(
            .unsupported,
            "the tensor \(parameter.name) has values above 65,504, the largest number of float16; write it in bfloat16 or float32"
        )
    }

    private static func tensor(
        _ values: [Float],
        _ shape: [Int],
        _ name: String
    ) throws(CheckpointError) -> Tensor {
        do throws(TorchError) { return try Tensor(values, shape: shape) } catch {
            throw CheckpointError(.inputOutput, "cannot write tensor \(name): \(error)")
        }
    }
}

extension TextClassifier {
    /// Throws unless every weight is in the model itself, in floating point.
    func requireWhole() throws(ExportError) {
        guard model.adapter == nil else {
            throw ExportError(
                .unsupported,
                "the classifier has an adapter; merge it first with `attune adapter merge`"
            )
        }
        guard let quantized = model.parameters.parameters.first(where: { $0.quantized != nil }) else {
            return
        }
        throw ExportError(
            .unsupported,
            "the tensor \(quantized.name) is kept quantized; load the classifier without quantized matrices"
        )
    }

    /// The bytes of the weights in memory.
    var weightBytes: Int { model.parameters.parameters.reduce(0) { $0 + $1.byteCount } }
}
