import Checkpoints
import Classification
import Files
public import Foundation
import JSON
public import Models
import NN
import Tokenization
public import Torch

// A replay file: a safetensors file with the weights under their checkpoint names, the step's data under `replay.`, and
// settings as JSON in its header.
extension StepReplay {
    private static let version = "1"

    /// The path of a step's replay file.
    static func place(of step: Int, in folder: URL) -> URL {
        folder.appending(path: "replay-step-\(step).safetensors")
    }

    /// Writes the step and a model's weights.
    ///
    /// The file is written atomically.
    ///
    /// - Parameters:
    ///   - model: The model, with the weights before the step.
    ///   - url: The replay file.
    /// - Throws: `FileError` with code `.diskFull` before anything is written; `CheckpointError`; `TorchError`.
    func write(_ model: SequenceClassifier, to url: URL) throws {
        var tensors = try data
        for parameter in model.parameters.parameters {
            tensors.append((parameter.name, try parameter.value.detached()))
        }
        let bytes = tensors.reduce(0) { $0 + $1.tensor.count * $1.tensor.dtype.byteWidth }
        try requireFreeSpace(bytes, at: url.deletingLastPathComponent())
        try writeSafetensors(
            tensors,
            to: url,
            metadata: [
                "format": "pt", "attune_replay": Self.version, "settings": settings.compact,
                "config": JSONValue.object(model.configuration.fields).compact,
            ]
        )
    }

    private var data: [(name: String, tensor: Tensor)] {
        get throws {
            let encodings = encoded.encodings
            var tensors: [(name: String, tensor: Tensor)] = [
                ("ids", try Tensor(encodings.ids)), ("cu_seqlens", try Tensor(encodings.cuSeqlens)),
                ("examples", try Tensor(examples.map(Int64.init))), ("dropout", try Tensor(dropout)),
            ]
            if !encodings.typeIDs.isEmpty { tensors.append(("type_ids", try Tensor(encodings.typeIDs))) }
            if case .taught(let taught) = encoded.targets {
                tensors.append(("teacher", try Tensor(taught.logits, shape: [taught.count, taught.width])))
                tensors.append(("labelled", try Tensor(taught.isLabelled.map { $0 ? UInt8(1) : 0 })))
            }
            switch encoded.targets?.ofLabels {
            case .classes(let ids): tensors.append(("classes", try Tensor(ids.map(Int64.init))))
            case .numbers(let numbers): tensors.append(("numbers", try Tensor(numbers)))
            case .labelSets(let sets):
                tensors.append(("labels", try Tensor(sets.joined().map(Int64.init))))
                tensors.append(("label_counts", try Tensor(sets.map { Int64($0.count) })))
            case .taught, nil: break
            }
            return tensors.map { (prefix + $0.name, $0.tensor) }
        }
    }

    private var settings: JSONValue {
        .object([
            "step": .int(step), "total_steps": .int(totalSteps), "learning_rate": .double(learningRate),
            // A seed may be too large for an integer in JSON readers.
            "seed": .string("\(seed)"), "precision": .string(precision.rawValue), "fault": .string(fault),
            "pieces": .array(pieces.map(JSONValue.string)), "weights_have_moved": .bool(hasMoved),
            "gradient_checkpointing": .bool(checkpointsBlocks),
            "hf_compat_ga": .bool(hfCompatGradientAccumulation),
            "micro_batches": .array(microBatchSizes.map(JSONValue.int)),
            "window_weight": .double(windowWeight),
            "loss": loss.json, "device": .string(device), "product_routes": productRoutes.json,
            "frozen": .array(frozen.map(JSONValue.string)),
        ])
    }

    /// Reads a step and its model.
    ///
    /// - Parameters:
    ///   - url: A replay file written by a run.
    ///   - device: The device for the model.
    /// - Returns: The step, and the model with its weights, which may be non-finite.
    /// - Throws: `CheckpointError` if the file is missing or damaged; ``TrainingError`` with code `.badCheckpoint` if it is
    ///   not a replay file; `ModelError`; `TorchError`.
    public static func load(
        _ url: URL,
        device: Device = .cpu
    ) throws -> (replay: StepReplay, model: SequenceClassifier) {
        let file = try SafetensorsFile(contentsOf: url)
        let path = url.path(percentEncoded: false)
        guard file.metadata["attune_replay"] == version, let text = file.metadata["settings"],
            let settings = try? JSONValue.parse(text.utf8), let config = file.metadata["config"]
        else {
            throw TrainingError(
                .badCheckpoint,
                "\(path) is not a replay file; a run with a NaN or infinite loss or gradient writes one, "
                    + "replay-step-<n>.safetensors, to its output folder"
            )
        }
        var options = SequenceClassifier.LoadOptions()
        options.device = device
        options.refusesNonFiniteWeights = false
        let names = file.tensorNames.filter { !$0.hasPrefix(prefix) }
        if names.contains(where: { file.info($0)?.storage == "BF16" }) { options.weightsDType = .bfloat16 }
        let (model, _) = try SequenceClassifier.load(
            file,
            configuration: ModelConfiguration(parsing: config.utf8, source: "config in \(path)"),
            options: options,
            random: RandomSource(seed: 0)
        )
        guard let replay = try StepReplay(file, settings, labelCount: model.labels.count) else {
            throw TrainingError(
                .badCheckpoint,
                "\(path) is damaged: its data and settings do not match; run the training again to write a new file"
            )
        }
        model.productRoutes = replay.productRoutes
        return (replay, model)
    }

    /// Reads the step's data and settings; nil if something is missing or inconsistent.
    private init?(_ file: SafetensorsFile, _ settings: JSONValue, labelCount: Int) throws {
        guard let ids = try file.data("ids", of: Int32.self),
            let offsets = try file.data("cu_seqlens", of: Int32.self),
            let examples = try file.data("examples", of: Int64.self), !examples.isEmpty,
            let dropout = try file.data("dropout", of: UInt8.self),
            let loss = LossSettings(settings["loss"], labelCount: labelCount),
            let step = settings["step"].int, let seed = settings["seed"].string.flatMap({ UInt64($0) }),
            let precision = settings["precision"].string.flatMap(Precision.init(rawValue:)),
            let sizes = settings["micro_batches"].array?.compactMap(\.int),
            let windowWeight = settings["window_weight"].double,
            offsets.first == 0, offsets.last.map(Int.init) == ids.count, offsets.count == examples.count + 1,
            zip(offsets, offsets.dropFirst()).allSatisfy(<),
            sizes.allSatisfy({ (1...examples.count).contains($0) }), sizes.reduce(0, +) == examples.count,
            let targets = try Self.targets(file), targets.count == examples.count,
            targets.firstFault(labelCount: labelCount) == nil
        else { return nil }
        var encodings = PackedEncodings(ids: ids, cuSeqlens: offsets)
        encodings.typeIDs = try file.data("type_ids", of: Int32.self) ?? []
        guard encodings.typeIDs.isEmpty || encodings.typeIDs.count == ids.count else { return nil }
        self.init(
            step: step,
            totalSteps: settings["total_steps"].int ?? step,
            learningRate: settings["learning_rate"].double ?? 0,
            seed: seed,
            precision: precision,
            fault: settings["fault"].string ?? "",
            examples: examples.map(Int.init),
            pieces: settings["pieces"].array?.compactMap(\.string) ?? [],
            hasMoved: settings["weights_have_moved"].bool ?? false,
            checkpointsBlocks: settings["gradient_checkpointing"].bool ?? false,
            hfCompatGradientAccumulation: settings["hf_compat_ga"].bool ?? false,
            encoded: EncodedExamples(encodings: encodings, targets: targets),
            microBatchSizes: sizes,
            windowWeight: windowWeight,
            loss: loss,
            dropout: dropout,
            device: settings["device"].string ?? "",
            productRoutes: ProductRoutes(settings["product_routes"]) ?? .suggested,
            frozen: settings["frozen"].array?.compactMap(\.string) ?? []
        )
    }

    private static func targets(_ file: SafetensorsFile) throws -> Targets? {
        guard let labels = try labels(file) else { return nil }
        guard let logits = try file.data("teacher", of: Float.self) else { return labels }
        guard let isLabelled = try file.data("labelled", of: UInt8.self), !isLabelled.isEmpty,
            isLabelled.count == labels.count, logits.count.isMultiple(of: isLabelled.count)
        else { return nil }
        return .taught(
            TaughtTargets(
                logits: logits,
                width: logits.count / isLabelled.count,
                labels: labels,
                isLabelled: isLabelled.map { $0 != 0 }
            )
        )
    }

    private static func labels(_ file: SafetensorsFile) throws -> Targets? {
        if let ids = try file.data("classes", of: Int64.self) { return .classes(ids.map(Int.init)) }
        if let numbers = try file.data("numbers", of: Double.self) { return .numbers(numbers) }
        guard let labels = try file.data("labels", of: Int64.self),
            let counts = try file.data("label_counts", of: Int64.self)
        else { return nil }
        var rest = labels[...]
        var sets: [[Int]] = []
        for count in counts {
            guard (0...rest.count).contains(Int(count)) else { return nil }
            sets.append(rest.prefix(Int(count)).map(Int.init))
            rest = rest.dropFirst(Int(count))
        }
        return rest.isEmpty ? .labelSets(sets) : nil
    }
}

/// The prefix of the tensor names of a step's data.
private let prefix = "replay."

extension SafetensorsFile {
    /// A tensor of a step's data; nil if it is missing.
    fileprivate func data<Element: TensorElement>(_ name: String, of type: Element.Type) throws -> [Element]?
    {
        guard info(prefix + name) != nil else { return nil }
        return try tensor(prefix + name).array(of: type)
    }
}
