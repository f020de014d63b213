import Classification
import Files
import Foundation
import Models
import NN
import ProcessGroups
import Torch
import Training

// The model of a run, and its texts as the model reads them.
extension TrainingJob {
    /// Bytes for the model plus checkpoints, minus existing checkpoints that will be replaced.
    func bytesToWrite(_ classifier: TextClassifier, _ examples: Int, in folder: URL) throws -> Int {
        let parameters = classifier.model.parameters
        // With an adapter, only what is trained is saved.
        let saved = parameters.parameters.filter { !$0.isFrozen }
        let disk = RunDisk(
            arguments,
            totalSteps: arguments.totalSteps(examples: examples),
            stepsPerEpoch: arguments.stepsPerEpoch(examples: examples),
            savedModel: saved.reduce(0) { $0 + $1.value.count } * recipe.weights.dtype.byteWidth,
            weights: saved.reduce(0) { $0 + $1.value.count * $1.value.dtype.byteWidth },
            optimizerState: try arguments.optimizerStateBytes(of: saved)
        )
        return disk.peak - RunFolder(folder).bytesOfCheckpoints
    }

    /// The class weights by label id; nil if all are equal.
    func weights(
        _ labels: [String],
        _ train: EncodedExamples,
        _ emit: (Event) throws -> Void
    ) throws -> [Float]? {
        guard let targets = train.targets,
            let weights = try recipe.loss.classWeights.values(labels: labels, targets: targets)
        else { return nil }
        let shown = listedLabels(by: weights) { "\(labels[$0]) \(String(format: "%.3g", weights[$0]))" }
        try emit(.note("class weights: \(shown)"))
        return weights
    }

    /// Loads the model with a head for the labels.
    func loadModel(
        labels: [String],
        _ problemType: ProblemType,
        _ group: ProcessGroup?,
        _ emit: (Event) throws -> Void
    ) throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = labels
        options.problemType = problemType
        options.reinitializesHead = recipe.reinitializesHead
        options.resizesEmbeddings = recipe.resizesEmbeddings
        options.device = device
        options.weightsDType = recipe.weights.dtype
        options.productRoutes = productRoutes
        if let folder = recipe.memory.offloadFolder {
            let place = URL(filePath: folder, directoryHint: .isDirectory)
            try makeFolder(place)
            options.offloadFolder = place
        }
        if let adapter = recipe.adapter {
            options.keepFrozen(adapter.frozenStorage, under: adapter.configuration)
        }
        let divided = arguments.dividesWeights && device == .cpu ? group : nil
        options.shard = divided.map { (rank: $0.rank, count: $0.size) }
        let (classifier, report) = try TextClassifier.load(
            model,
            base: base,
            options: options,
            maxLength: recipe.maxLength,
            settings: labelNameChoice,
            seed: arguments.seed
        )
        // Training changes the scores that decisions were fitted on.
        if classifier.decisions != nil {
            classifier.decisions = nil
            try emit(
                .note(
                    "the calibration of \(model) (decisions.json) does not fit the weights after training and is not kept; "
                        + "repeat `attune calibrate` afterwards"
                )
            )
        }
        for note in classifier.notes + classifier.model.quantizationNotes { try emit(.note(note)) }
        let weights = classifier.model.parameters.weightCount
        try emit(
            .note(
                "loaded \(model): \(String(format: "%.1f", Double(weights) / 1e6)) million weights; \(report.summary)"
            )
        )
        if let divided {
            try ShardedBlocks.connect(classifier.model, divided)
            let blocks = classifier.model.parameters.parameters.filter { $0.block != nil }
            if blocks.contains(where: { $0.quantized?.isInFile == true }) {
                try emit(.note(Self.noteOnMappedMatrices))
            }
            if !arguments.gradientCheckpointing {
                try emit(.note("--zero-stage 3 turns on --gradient-checkpointing"))
            }
        }
        try addAdapter(to: classifier, report, emit)
        if arguments.precision == .bf16, productRoutes.multipliesInFloat32(.bfloat16, on: device) {
            try emit(
                .note(
                    "--precision bf16: matrix products are computed in float32, which is faster on this CPU (see attune doctor)"
                )
            )
        }
        return classifier
    }

    /// A sentence for weights that are divided, but not those of a quantized GGUF file.
    static let noteOnMappedMatrices =
        "--zero-stage 3 leaves the quantized matrices in the GGUF file, which every process maps: the processes of a host share "
        + "its pages, and the system drops them when it needs memory"

    /// Adds the recipe's adapter to the model, and says what is trained.
    private func addAdapter(
        to classifier: TextClassifier,
        _ report: LoadReport,
        _ emit: (Event) throws -> Void
    ) throws {
        if let adapter = recipe.adapter {
            var configuration = adapter.configuration
            (configuration.baseModel, configuration.baseRevision) = namedBase
            var training = AdapterTraining()
            (training.decaysMagnitude, training.rateRatio) = (
                adapter.decaysMagnitudes, adapter.learningRateRatio
            )
            try classifier.attach(configuration, training: training, report: report, seed: arguments.seed)
            if recipe.model.hubID == nil {
                try emit(
                    .note(
                        "warning: the adapter records its base model as the path \(model), which others do not have; train with "
                            + "an id of the Hub, or give --adapter-base when loading it"
                    )
                )
            }
        }
        guard let adapter = classifier.model.adapter else { return }
        let (trained, all) = classifier.adapterWeightCounts
        let kind = adapter.configuration.usesMagnitudes ? "DoRA" : "LoRA"
        try emit(
            .note(
                "\(kind) of rank \(adapter.configuration.rank) on \(counted(adapter.weights.count, "layer")); trains "
                    + "\(grouped(trained)) of \(grouped(all)) weights (\(String(format: "%.2f", Double(trained) / Double(all) * 100)) %)"
            )
        )
    }

    /// The name and revision of the base model for the adapter's file: the id of the Hub, or a path.
    private var namedBase: (name: String?, revision: String?) {
        guard let id = recipe.model.hubID else { return (model, nil) }
        let parts = recipe.model.name.split(separator: "@", maxSplits: 1).map(String.init)
        return (id, parts.count > 1 ? parts[1] : nil)
    }

    /// The part of a longer text that is read: that of the recipe, else as in the model's earlier training.
    var longText: LongText? {
        recipe.longText ?? (try? ClassifierSettings(model: model))?.longText
    }

    /// The rows as the model reads them, with a note on their lengths.
    func encode(
        _ rows: LabelledTexts,
        with classifier: TextClassifier,
        _ purpose: String,
        _ emit: (Event) throws -> Void
    ) throws -> EncodedExamples {
        let targets = try rows.targets(among: classifier.labels)
        func progress(_ done: Int) throws {
            let count = rows.inputs.count
            try emit(.progress(WorkProgress(.tokenize, done: done, of: count, subject: "\(purpose) texts")))
        }
        try progress(0)
        let (encodings, wasFound) = try rows.inputs.encoded(
            by: classifier.tokenizer,
            maxLength: classifier.lengthLimit,
            longText: longText,
            cache: tokenCache,
            source: "\(purpose) texts of \(dataset)",
            progress: progress
        )
        let examples = classifier.examples(encodings, targets: targets)
        let mean = Double(examples.tokenCount) / Double(max(examples.count, 1))
        var note =
            "\(purpose): \(counted(examples.count, "text")), \(String(format: "%.0f", mean)) tokens each on average"
        let cut = examples.encodings.truncatedCount
        if cut > 0 {
            let limit = counted(classifier.maxLength, "token")
            note += "; \(grouped(cut)) longer than \(limit) \(cut == 1 ? "was" : "were") cut"
            if let reason = classifier.length.explanation { note += " (\(reason))" }
        }
        let empty = rows.inputs.emptyExamples.count
        if empty > 0 { note += "; \(grouped(empty)) \(empty == 1 ? "is" : "are") empty" }
        if wasFound { note += "; tokens read from the cache" }
        try emit(.note(note))
        return examples
    }
}
