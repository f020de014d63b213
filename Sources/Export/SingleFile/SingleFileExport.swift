import Checkpoints
public import Classification
import Files
public import Foundation
import Models
import NN
import Tokenization
public import Torch

/// Writes a classifier as one file with weights, tokenizer, labels, settings, decisions and recorded answers, for Attune.
///
/// The file is mapped when it is opened: weights in the type of the file are read when they are used, and shared by all
/// processes. The format is described at `AttuneFile`.
public enum SingleFileExport {
    /// Writes the file, opens it again, and compares and records its answers.
    ///
    /// The file appears whole or not at all. Room for two is needed on its disk, because the weights are first written to a
    /// temporary folder next to it.
    ///
    /// - Parameters:
    ///   - classifier: A classifier without an adapter or quantized matrices.
    ///   - file: The destination.
    ///   - dtype: float32, bfloat16 or float16: the type of all weights, unless they are quantized.
    ///   - quantization: The storage of the matrices in the blocks and of the token embedding; nil for `dtype`.
    /// - Returns: The file, and the effect on the answers.
    /// - Throws: ``ExportError`` for an adapter, or a type that cannot hold the weights; the errors of writing.
    public static func write(
        _ classifier: TextClassifier,
        to file: URL,
        dtype: DType = .float32,
        quantization: GGUFWeights? = nil
    ) throws -> ExportReport {
        try classifier.requireWhole()
        let folder = try StagedFile(beside: file, fileExtension: "folder")
        defer { folder.remove() }
        let note: [String]
        if let quantization {
            note = [try fill(folder.url, with: classifier, quantization, for: file)]
        } else {
            note = try SafetensorsExport.write(classifier, to: folder.url, dtype: dtype).notes
        }
        let content = try AttuneFileContent(folder: folder.url)
        try content.write(to: file)
        return ExportReport(
            format: .attune,
            files: [(file, content.byteCount)],
            weightBytesBefore: classifier.weightBytes,
            notes: note
        )
    }

    /// Fills a folder with a model that has quantized weights.
    ///
    /// - Returns: A sentence that compares its answers.
    private static func fill(
        _ folder: URL,
        with classifier: TextClassifier,
        _ weights: GGUFWeights,
        for file: URL
    ) throws -> String {
        let model = classifier.model
        try makeFolder(folder)
        let fields: [(name: String, value: GGUFField)] = [
            ("general.architecture", .text("attune")), ("general.quantization_version", .count(2)),
        ]
        try GGUFContent(fields: fields, tensors: entries(of: model, weights))
            .write(to: folder.appending(path: "model.gguf"))
        try writeAtomically(
            Data(model.configuration.formatted.utf8),
            to: folder.appending(path: "config.json")
        )
        try classifier.saveCompanions(to: folder)
        let staged = try StagedFile(beside: file, fileExtension: AttuneFile.fileExtension)
        defer { staged.remove() }
        try AttuneFileContent(folder: folder).write(to: staged.url)
        let before = try ParityRecord(classifier)
        let (record, note) = try staged.answers(comparedWith: before, in: weights.rawValue)
        try record.save(to: folder)
        return note
    }

    /// The model's tensors under their names in the Hub's checkpoint.
    ///
    /// Only matrices that are multiplied by states are quantized, and the token embedding.
    private static func entries(
        of model: SequenceClassifier,
        _ weights: GGUFWeights
    ) throws -> [GGUFContent.Entry] {
        let embedding = model.tokenTable.name
        var kinds: [String: AdaptedWeight.Kind] = [:]
        for matrix in model.parameters.adaptedWeights { kinds[matrix.weight.name] = matrix.kind }
        func type(of parameter: Parameter) -> GGUFTensorType {
            let kind = kinds[parameter.name]
            let isEmbedding = parameter.name == embedding
            guard parameter.shape.count == 2, isEmbedding || (kind != nil && parameter.block != nil) else {
                return .f32
            }
            // Readers take blocks for parts of rows `[out, in]`, and these matrices are `[in, out]`.
            if kind == .transposed { return .f16 }
            return weights.type(columns: parameter.shape[1], matters: isEmbedding)
        }
        return model.parameters.parameters.map { parameter in
            let storage = type(of: parameter)
            return GGUFContent.Entry(name: parameter.name, shape: parameter.shape, type: storage) {
                () throws(CheckpointError) in
                try GGUFExport.values(of: parameter, as: storage) { $0 }
            }
        }
    }
}
