public import Checkpoints
import Files
package import Foundation
package import Models
import NN
import Tokenization
import Torch

extension TextClassifier {
    /// The adapter's settings; nil for a whole model.
    public var adapter: AdapterConfiguration? { model.adapter?.configuration }

    /// The number of weights that an adapter trains, and of all weights.
    public var adapterWeightCounts: (trained: Int, all: Int) {
        let parameters = model.parameters.parameters
        func count(_ parameters: [Parameter]) -> Int { parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } }
        return (count(parameters.filter { !$0.isFrozen }), count(parameters))
    }

    /// Freezes the model and adds an adapter with start values, which training then changes.
    ///
    /// The head is trained with it.
    ///
    /// - Parameters:
    ///   - configuration: The adapter's settings.
    ///   - training: The options of its training.
    ///   - report: The report of loading the model; what was newly initialized is trained whole.
    ///   - seed: The seed of the start values.
    /// - Throws: `ModelError` for settings that do not fit the model, or if it has an adapter; `TorchError`.
    package func attach(
        _ configuration: AdapterConfiguration,
        training: AdapterTraining = AdapterTraining(),
        report: LoadReport,
        seed: UInt64 = 42
    ) throws {
        guard model.adapter == nil else {
            throw ModelError(
                .unsupported,
                "the model is an adapter, which is trained on; leave out --adapter, or merge it first with "
                    + "`attune adapter merge`"
            )
        }
        if let (setting, reason) = configuration.fault {
            throw ModelError(.unsupported, "--\(setting.flag) \(reason)")
        }
        var attachment = AdapterAttachment(configuration, compile: compilePattern)
        attachment.training = training
        attachment.fresh = report.fresh
        try model.attach(attachment, random: RandomSource(seed: seed))
    }

    /// Adds an adapter to a smaller model of the same family, to measure its training.
    ///
    /// - Parameter configuration: The settings; those that fit no layer of the smaller model have no effect.
    /// - Throws: `ModelError` if no layer is left; `TorchError`.
    package func attachForTrial(_ configuration: AdapterConfiguration) throws {
        var attachment = AdapterAttachment(configuration, compile: compilePattern)
        attachment.isNew = false
        try model.attach(attachment, random: RandomSource(seed: 0))
    }

    /// Adds the adapter's changes to the weights, so that the classifier is a whole model.
    ///
    /// Changed weights are computed in float32 and rounded once.
    ///
    /// - Throws: `ModelError` for an adapter that no weights can hold; `TorchError`.
    public func mergeAdapter() throws { try model.mergeAdapter() }

    /// Writes an adapter that was taken from the weights (PiSSA, OLoRA) as plain LoRA of twice the rank, which works on the
    /// unchanged model in every program.
    ///
    /// - Parameter folder: The folder; it is created if necessary.
    /// - Throws: `ModelError` if the adapter is plain already; `CheckpointError` or `FileError` if it cannot be written.
    package func savePlainAdapter(to folder: URL) throws {
        guard let adapter, adapter.initialization.changesBase else {
            throw ModelError(
                .unsupported,
                "the adapter is plain LoRA already, so there is nothing to convert"
            )
        }
        try model.saveAdapter(to: folder, metadata: adapterRecord.metadata, asPlain: true)
        try saveCompanions(to: folder)
    }

    /// Replaces the weights by those of a checkpoint of the same run; with an adapter, only what it trains.
    ///
    /// - Parameter folder: The checkpoint's folder.
    /// - Throws: `CheckpointError`, `ModelError` or `TorchError` if the weights cannot be read.
    package func loadWeights(from folder: URL) throws {
        if model.adapter != nil {
            let file = try SafetensorsFile(contentsOf: folder.appending(path: AdapterFile.weightsName))
            try model.loadAdapter(file, source: folder.lastPathComponent, resuming: true)
        } else {
            let weights = try openCheckpoint(folder: folder)
            for parameter in model.parameters.parameters {
                try model.assign(weights.tensor(parameter.name), to: parameter)
            }
        }
    }

    /// Attune's entries in the adapter's file.
    var adapterRecord: AdapterRecord {
        var record = AdapterRecord()
        record.labels = labels
        record.problemType = problemType
        record.padTokenID = model.configuration.padTokenID
        record.base = model.adapter?.baseFingerprint
        record.storage = model.frozenStorage
        return record
    }
}

extension ModelError {
    /// The error for new rows of an embedding that an adapter keeps frozen.
    fileprivate static let resizedUnderAdapter = ModelError(
        .unsupported,
        "--resize-embeddings adds random rows, which an adapter would neither train nor save; leave it out, or train all weights"
    )
}

/// Compiles a regular expression of an adapter's configuration.
func compilePattern(_ pattern: String) throws -> (String) -> Bool {
    do throws(TokenizerError) {
        return try WholePattern(pattern).matches
    } catch {
        throw ModelError(.badConfiguration, error.message)
    }
}

extension AdapterConfiguration.Setting {
    /// The name of the flag, without dashes.
    package var flag: String {
        switch self {
        case .rank: "lora-r"
        case .targets: "lora-target-modules"
        case .excluded: "lora-exclude-modules"
        case .usesMagnitudes: "adapter"
        case .bias: "train-bias"
        case .baseModel, .baseRevision: "adapter-base"
        case .alpha, .dropout, .layers, .layersPattern, .rankPattern, .alphaPattern, .usesRankStabilization,
            .biasOfB,
            .modulesToSave, .initialization:
            rawValue.replacing("_", with: "-")
        }
    }
}

extension AdapterFolder {
    /// Adds the adapter to a model that was loaded without its head, and reads its tensors.
    ///
    /// - Parameters:
    ///   - model: The model with a fresh head.
    ///   - report: The report of loading; its fresh parameters come from the file.
    ///   - options: The options of loading.
    /// - Throws: `ModelError` for a missing, unknown or misshapen tensor, or if rows were to be added to the embedding;
    ///   `TorchError`.
    func attach(
        to model: SequenceClassifier,
        _ report: inout LoadReport,
        _ options: SequenceClassifier.LoadOptions
    ) throws {
        var attachment = AdapterAttachment(configuration, compile: compilePattern)
        attachment.fresh = report.fresh
        attachment.isNew = false
        guard !options.resizesEmbeddings else { throw ModelError.resizedUnderAdapter }
        try model.attach(attachment, random: RandomSource(seed: 0))
        try model.loadAdapter(
            file,
            source: folder.path,
            keepsHead: !options.reinitializesHead,
            refusesNonFinite: options.refusesNonFiniteWeights
        )
        report.loaded += file.tensorNames
        report.notes += notes
        if !options.reinitializesHead { report.fresh = [] }
        if let recorded = record.base, recorded != model.adapter?.baseFingerprint {
            report.notes.append(
                "\(folder.path) was trained on other weights than those of \(base), although the shapes are the same; give its "
                    + "own base model with --adapter-base"
            )
        }
    }
}
