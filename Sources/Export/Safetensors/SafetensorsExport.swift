import Checkpoints
public import Classification
import Files
public import Foundation
import JSON
import Models
import NN
public import Torch

/// Writes a classifier as a folder in the Hub's layout, in another number type or with a smaller vocabulary.
public enum SafetensorsExport {
    /// Writes the folder, opens it again, and checks and records its answers.
    ///
    /// The folder appears whole or not at all. In memory are the classifier, its weights in the new type, and the written file,
    /// which is mapped.
    ///
    /// - Parameters:
    ///   - classifier: A classifier without an adapter or quantized matrices.
    ///   - folder: A folder that does not exist, or is empty.
    ///   - dtype: float32, bfloat16 or float16: the type of all weights.
    ///   - vocabulary: The part of the vocabulary to keep; nil keeps all of it.
    /// - Returns: The files, and the effect on the answers.
    /// - Throws: ``ExportError`` for a type that cannot hold the weights, or a vocabulary that would change the answers; the errors
    ///   of writing.
    public static func write(
        _ classifier: TextClassifier,
        to folder: URL,
        dtype: DType = .float32,
        vocabulary: PrunedVocabulary? = nil
    ) throws -> ExportReport {
        try classifier.requireWhole()
        let before = try ParityRecord(classifier)
        var notes: [String] = []
        try StagedFolder.fill(folder) { staged in
            try saveWeights(of: classifier, to: staged, dtype, vocabulary)
            try classifier.saveCompanions(to: staged)
            try vocabulary?.saveTokenizer(to: staged)
            let copy = try open(staged)
            try vocabulary?.check(copy, against: classifier, comparesLogits: dtype == .float32)
            let record = try ParityRecord(copy)
            guard record.isFinite else { throw notFinite(dtype) }
            try record.save(to: staged)
            notes = try Self.notes(before.compare(copy), vocabulary)
        }
        return ExportReport(
            format: .safetensors,
            files: StagedFolder.files(of: folder),
            weightBytesBefore: classifier.weightBytes,
            notes: notes
        )
    }

    private static func saveWeights(
        of classifier: TextClassifier,
        to folder: URL,
        _ dtype: DType,
        _ vocabulary: PrunedVocabulary?
    ) throws {
        let model = classifier.model
        let table = model.tokenTable.name
        let tensors = try model.parameters.parameters.map { parameter -> (name: String, tensor: Tensor) in
            var values = parameter.value
            if let vocabulary, parameter.name == table { values = try vocabulary.cut(values) }
            return (name: parameter.name, tensor: try converted(values, to: dtype, name: parameter.name))
        }
        try saveSafetensors(tensors, toFolder: folder)
        var fields = vocabulary?.cut(model.configuration.fields) ?? model.configuration.fields
        fields["dtype"] = .string(dtype.rawValue)
        let configuration = ModelConfiguration(fields: fields, source: "config.json")
        try writeAtomically(Data(configuration.formatted.utf8), to: folder.appending(path: "config.json"))
    }

    private static func converted(_ values: Tensor, to dtype: DType, name: String) throws -> Tensor {
        let result = try values.to(dtype: dtype)
        let isFinite = try dtype == .float16 ? result.to(dtype: .float32).isFinite() : true
        guard isFinite else {
            throw ExportError(
                .unsupported,
                "the tensor \(name) has values above 65,504, the largest number of float16; use bfloat16, which is as small, or "
                    + "float32"
            )
        }
        return result
    }

    /// Opens a written folder, as any program would.
    ///
    /// - Parameter folder: The folder.
    /// - Returns: The classifier, whose weights may be mapped.
    /// - Throws: The errors of loading.
    static func open(_ folder: URL) throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.mapsWeights = true
        return try TextClassifier.load(folder.path(percentEncoded: false), options: options).classifier
    }

    private static func notFinite(_ dtype: DType) -> ExportError {
        ExportError(
            .unsupported,
            "with weights in \(dtype.rawValue), a logit is NaN or infinite; export in float32"
        )
    }

    private static func notes(_ parity: ParityReport, _ vocabulary: PrunedVocabulary?) -> [String] {
        var notes: [String] = []
        if let vocabulary {
            notes.append(
                "vocabulary: \(grouped(vocabulary.rows)) of \(counted(vocabulary.rowsBefore, "token")), which split the given texts "
                    + "as before"
            )
        }
        let largest = parity.scoreDifference
        let changed = parity.changed.count
        notes.append(
            largest == 0
                ? "the scores of \(counted(parity.rows.count, "neutral text")) are the same"
                : "the scores of \(counted(parity.rows.count, "neutral text")) change by at most "
                    + String(format: "%.2g", largest)
                    + (changed == 0 ? ", no label" : ", the labels of \(changed)")
        )
        return notes
    }
}
