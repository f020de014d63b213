import Checkpoints
import Files
import Foundation
import JSON
import Models
import Torch

/// A folder with a LoRA or DoRA adapter, and the model that it changes.
struct AdapterFolder {
    let folder: ModelFolder
    let configuration: AdapterConfiguration
    /// The adapter's tensors.
    let file: SafetensorsFile
    /// The folder, `.gguf` or `.attune` file of the frozen model.
    let base: String
    /// Notes on the configuration, one sentence each.
    let notes: [String]

    /// Opens an adapter and finds its base model.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - base: The frozen model; nil takes the one that the adapter names.
    /// - Throws: `CheckpointError` for files that cannot be read; ``ModelError`` if the base model is not on this machine.
    init(_ folder: ModelFolder, base: String?) throws {
        self.folder = folder
        (configuration, notes) = try AdapterConfiguration.read(folder: folder.url)
        file = try Self.weights(in: folder)
        self.base = try base ?? Self.base(of: folder, configuration)
    }

    /// Opens an adapter's tensors.
    ///
    /// - Parameter folder: The folder.
    /// - Returns: The file.
    /// - Throws: `CheckpointError` for a file that cannot be read; ``ModelError`` if there is none.
    static func weights(in folder: ModelFolder) throws -> SafetensorsFile {
        let place: URL
        do throws(FileError) {
            place = try containedFile(AdapterFile.weightsName, in: folder.url)
        } catch {
            throw ModelError(
                .missingFile,
                folder.names.contains("adapter_model.bin")
                    ? "\(folder.path) has its weights in adapter_model.bin, a pickle, which is not read; save the adapter again "
                        + "with peft, which writes \(AdapterFile.weightsName)"
                    : error.message
            )
        }
        return try SafetensorsFile(contentsOf: place)
    }

    /// Finds the frozen model: in the same folder, or at the path that the configuration names.
    private static func base(
        of folder: ModelFolder,
        _ configuration: AdapterConfiguration
    ) throws(ModelError) -> String {
        if folder.hasConfiguration { return folder.path }
        guard let name = configuration.baseModel else {
            throw ModelError(
                .missingFile,
                "\(folder.path) is an adapter, but its adapter_config.json names no base model; give it with --adapter-base"
            )
        }
        guard FileManager.default.fileExists(atPath: name) else {
            throw ModelError(
                .missingFile,
                "\(folder.path) is an adapter of \(name), which is not on this machine; give the folder of that model with "
                    + "--adapter-base"
            )
        }
        return name
    }

    /// The metadata of a file that Attune wrote; peft and transformers ignore it.
    var record: AdapterRecord { AdapterRecord(file.metadata) }

    /// The form in which the frozen model is kept: as in training.
    var frozenStorage: FrozenStorage { record.storage ?? .asStored }

    /// The parameters of the model itself that the file holds: the head and others that are trained whole.
    var parameterNames: Set<String> {
        Set(
            file.tensorNames.compactMap { key in
                guard case .parameter(let name) = AdapterKey(key).content else { return nil }
                return name
            }
        )
    }

    /// The labels: those recorded in the file, or names like those of transformers for the rows of the head.
    ///
    /// - Parameter model: The configuration of the frozen model.
    /// - Returns: One name for each row of the head.
    /// - Throws: `.mismatchedCheckpoint` if the adapter has no head.
    func labels(_ model: ModelConfiguration) throws(ModelError) -> [String] {
        guard let rows = headRows else {
            throw ModelError(
                .mismatchedCheckpoint,
                "\(folder.path) has no classification head: \(AdapterFile.weightsName) has no tensor such as "
                    + "\(AdapterKey.prefix)score.weight or \(AdapterKey.prefix)classifier.weight; an adapter of a text generator "
                    + "cannot classify"
            )
        }
        if let labels = record.labels, labels.count == rows { return labels }
        if model.isClassifier, model.labels.count == rows { return model.labels }
        return (0..<rows).map { "LABEL_\($0)" }
    }

    /// The rows of the output layer.
    private var headRows: Int? {
        let endings = ["score.weight", "classifier.weight", "classifier.out_proj.weight"]
        for key in file.tensorNames {
            guard case .parameter(let name) = AdapterKey(key).content else { continue }
            if endings.contains(where: { name == $0 || name.hasSuffix("." + $0) }), let info = file.info(key),
                info.shape.count == 2
            {
                return info.shape[0]
            }
        }
        return nil
    }
}

/// Attune's entries in the metadata of an adapter's file, because peft's files have no place for it.
struct AdapterRecord: Equatable {
    /// The label names by id.
    var labels: [String]?
    /// Whether a text has one label, several labels or a number.
    var problemType: ProblemType?
    /// The padding token.
    var padTokenID: Int32?
    /// A fingerprint of the frozen model.
    var base: String?
    /// The form in which the frozen model was quantized while loading; nil for none.
    var storage: FrozenStorage?

    init() {}

    /// Reads the metadata; what is damaged is left out.
    init(_ metadata: [String: String]) {
        let names = metadata["attune.labels"].flatMap { try? JSONValue.parse(Array($0.utf8)) }?.array
        labels = names.flatMap { names in
            let labels = names.compactMap(\.string)
            return labels.count == names.count && Set(labels).count == labels.count && !labels.isEmpty
                ? labels : nil
        }
        problemType = metadata["attune.problem_type"].flatMap(ProblemType.init(rawValue:))
        padTokenID = metadata["attune.pad_token_id"].flatMap { Int32($0) }
        base = metadata["attune.base"]
        storage = metadata["attune.quantize"].flatMap(Quantization.init(rawValue:)).map {
            .quantized($0, isDouble: metadata["attune.double_quant"] == "true")
        }
    }

    /// The metadata.
    var metadata: [String: String] {
        var result: [String: String] = [:]
        result["attune.labels"] = labels.map { JSONValue.array($0.map(JSONValue.string)).compact }
        result["attune.problem_type"] = problemType?.rawValue
        result["attune.pad_token_id"] = padTokenID.map { "\($0)" }
        result["attune.base"] = base
        if case .quantized(let kind, let isDouble) = storage {
            result["attune.quantize"] = kind.rawValue
            result["attune.double_quant"] = isDouble ? "true" : nil
        }
        return result
    }
}
