import Classification
import Files
import Foundation
import Models
import NN
import Torch
import Training

/// Measures real steps of a run on similar models with fewer blocks.
struct MemoryProbe {
    let job: TrainingJob
    /// The settings that decide the sizes of the trial models.
    let arguments: TrainingArguments
    let outline: ModelSkeleton
    let labels: [String]
    let problemType: ProblemType
    let classWeights: [Float]?
    let train: EncodedExamples
    let evaluation: EncodedExamples?

    /// The number of blocks of the real model.
    let blockCount: Int
    /// The numbers of blocks of the two trial models; equal if one model is enough.
    let sizes: (small: Int, large: Int)
    /// The number of frozen blocks in the trial models.
    let frozen: Int

    /// Chooses the sizes of the trial models.
    ///
    /// `blockCount` overrides the outline's number of blocks, and `arguments` those of the job.
    init(
        job: TrainingJob,
        arguments: TrainingArguments? = nil,
        outline: ModelSkeleton,
        labels: [String],
        problemType: ProblemType,
        classWeights: [Float]?,
        train: EncodedExamples,
        evaluation: EncodedExamples?,
        blockCount: Int? = nil
    ) {
        self.job = job
        let arguments = arguments ?? job.arguments
        self.arguments = arguments
        self.outline = outline
        self.labels = labels
        self.problemType = problemType
        self.classWeights = classWeights
        self.train = train
        self.evaluation = evaluation
        self.blockCount = blockCount ?? outline.blockCount
        let frozenBlocks = min(arguments.frozenLayerCount ?? 0, self.blockCount)
        // The first block gets its input from the embeddings, the others from a block.
        frozen = min(frozenBlocks, 2)
        let moving = self.blockCount - frozenBlocks
        // The last block computes only pooled rows, and the first one precedes the embeddings' gradient, so there must be two
        // blocks. With gradient checkpointing the peak is within a block, so each end needs two. Divided weights turn it on.
        let few = arguments.gradientCheckpointing || arguments.dividesWeights ? 4 : 2
        sizes = (frozen + min(moving, few), frozen + min(moving, few + 1))
    }

    /// The same probe for other settings, which may need models of other sizes.
    ///
    /// - Parameter arguments: The settings.
    /// - Returns: A probe of the same model and data.
    func sized(for arguments: TrainingArguments) -> MemoryProbe {
        MemoryProbe(
            job: job,
            arguments: arguments,
            outline: outline,
            labels: labels,
            problemType: problemType,
            classWeights: classWeights,
            train: train,
            evaluation: evaluation,
            blockCount: blockCount
        )
    }

    /// The number of blocks to extrapolate to: those of the real model, without frozen blocks that the trial models lack.
    var comparableBlocks: Int { blockCount - missingFrozenBlocks }

    /// The number of frozen blocks that the trial models lack; these need memory only for their weights.
    var missingFrozenBlocks: Int { min(arguments.frozenLayerCount ?? 0, blockCount) - frozen }

    /// Whether the run trains an adapter.
    var hasAdapter: Bool { job.recipe.adapter != nil || outline.adapter != nil }

    /// Whether the frozen matrices stay in a GGUF file, which every process maps, also if weights are divided.
    var keepsMatricesInFile: Bool { hasAdapter && outline.hasMatricesInFile }

    /// A classifier with the given number of blocks.
    static func classifier(
        _ job: TrainingJob,
        _ outline: ModelSkeleton,
        blocks: Int,
        labels: [String],
        _ problemType: ProblemType
    ) throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = labels
        options.problemType = problemType
        options.reinitializesHead = true
        options.resizesEmbeddings = job.recipe.resizesEmbeddings
        options.device = job.device
        options.weightsDType = job.recipe.weights.dtype
        options.productRoutes = job.productRoutes
        if let adapter = job.recipe.adapter {
            options.keepFrozen(adapter.frozenStorage, under: adapter.configuration)
        }
        let classifier = try outline.classifier(blocks: blocks, options: options, seed: job.arguments.seed)
        if var adapter = job.recipe.adapter?.configuration {
            // Blocks and patterns of the whole model may be missing here.
            (adapter.layers, adapter.layersPattern) = (nil, [])
            try classifier.attachForTrial(adapter)
        } else if let adapter = outline.adapter {
            try classifier.attachForTrial(adapter)
        }
        return classifier
    }

    /// The outcome of some steps.
    typealias Trial = (
        measurement: TrialMeasurement, notable: NotableSteps, trainedWeights: Int, table: ExchangedTable?
    )

    /// Takes a few steps with each of several settings.
    ///
    /// - Parameters:
    ///   - variants: The settings.
    ///   - blocks: The number of blocks of the model.
    ///   - withTime: Whether to measure the time of the first settings, too.
    ///   - wholeFrozen: The number of frozen blocks if the whole model is measured.
    /// - Returns: For each of the settings, the measurement, the steps that were taken, and the trained weights.
    /// - Throws: ``TrainingError`` with code `.outOfMemory` if the model does not fit; the errors of a run's steps.
    func measure(
        _ variants: [TrainingArguments],
        blocks: Int,
        withTime: Bool,
        frozen wholeFrozen: Int? = nil
    ) throws -> [Trial] {
        try requireRoom(blocks: blocks)
        let recorder = try MemoryRecorder()
        defer { try? recorder.stop() }
        let classifier = try Self.classifier(job, outline, blocks: blocks, labels: labels, problemType)
        var results: [Trial] = []
        for (index, arguments) in variants.enumerated() {
            // A trial does not evaluate or save.
            var arguments = arguments.fitting(
                classifier.model.parameters.parameters,
                frozenBlocks: wholeFrozen ?? frozen
            )
            arguments.writesReplayFile = false
            // The forecast subtracts what will be in a file.
            arguments.offloadFolder = nil
            if arguments.dividesWeights { arguments.gradientCheckpointing = true }
            // One process computes the share of one process; the forecast adds the exchange.
            (arguments.worldSize, arguments.zeroStage) = (1, .off)
            let trainer = try Trainer(
                classifier,
                arguments: arguments,
                classWeights: classWeights,
                loss: job.loss?(classWeights),
                train: train,
                evaluation: evaluation,
                metrics: job.metrics,
                outputFolder: .temporaryDirectory
            )
            let notable = try trainer.notableSteps()
            let measurement = try trainer.measure(notable, recorder, withTime: withTime && index == 0)
            let trained = classifier.model.parameters.trainable.reduce(0) { $0 + $1.shape.reduce(1, *) }
            // After the steps it is known which parameters are frozen.
            let table = try ExchangedTable.ofRun(classifier.model, variants[index], train)
            results.append((measurement, notable, trained, table))
        }
        return results
    }

    /// The bytes of a model with its gradients and moments, roughly; an adapter's are few.
    ///
    /// - Parameter blocks: The number of blocks of the model.
    /// - Returns: The bytes.
    /// - Throws: ``TrainingError`` if the model has no such part.
    func bytesNeeded(blocks: Int) throws -> Int {
        try outline.weightCount(blocks: blocks)
            * (hasAdapter ? job.recipe.weights.dtype.byteWidth : 16)
    }

    private func requireRoom(blocks: Int) throws {
        guard job.device == .cpu, let available = ProcessMemory.available() else { return }
        try Self.requireRoom(
            bytesNeeded(blocks: blocks),
            blocks: blocks,
            of: blockCount,
            available: available
        )
    }

    /// Checks the free memory, because a system that overcommits memory would kill the process.
    static func requireRoom(_ needed: Int, blocks: Int, of all: Int, available: Int) throws {
        guard needed > available else { return }
        throw TrainingError(
            .outOfMemory,
            "even the \(blocks) of \(counted(all, "block")) on which a plan is measured need about "
                + "\(formattedSize(needed)), but only \(formattedSize(available)) is free; free some memory, or plan on a "
                + "larger machine"
        )
    }
}
