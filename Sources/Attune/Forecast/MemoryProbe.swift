import Classification
import Files
import Foundation
import Models
import Torch
import Training

/// Models like a run's own, with fewer blocks, on which real steps of the run are measured.
struct MemoryProbe {
    let job: FineTuning
    let outline: ModelSkeleton
    let labels: [String]
    let problemType: ProblemType
    let classWeights: [Float]?
    let train: EncodedExamples
    let held: EncodedExamples?

    /// Blocks of the real model.
    let blockCount: Int
    /// Blocks of the two models; the same twice where one tells all.
    let sizes: (small: Int, large: Int)
    /// How many of their blocks are frozen.
    let frozen: Int

    /// Chooses the models' sizes; `blockCount` blocks where the real model is to have others than its outline says.
    init(
        job: FineTuning,
        outline: ModelSkeleton,
        labels: [String],
        problemType: ProblemType,
        classWeights: [Float]?,
        train: EncodedExamples,
        held: EncodedExamples?,
        blockCount: Int? = nil
    ) {
        self.job = job
        self.outline = outline
        self.labels = labels
        self.problemType = problemType
        self.classWeights = classWeights
        self.train = train
        self.held = held
        self.blockCount = blockCount ?? outline.blockCount
        let frozenBlocks = min(job.arguments.frozenLayerCount ?? 0, self.blockCount)
        // The first block takes its input from the embeddings, the others from a block.
        frozen = min(frozenBlocks, 2)
        let moving = self.blockCount - frozenBlocks
        // The last block computes pooled rows only, and the first is what the embeddings' gradient waits for: of two blocks
        // neither is both. Checkpointed blocks reach their highest moment within one block, so each end needs two.
        let few = job.arguments.gradientCheckpointing ? 4 : 2
        sizes = (frozen + min(moving, few), frozen + min(moving, few + 1))
    }

    /// The same for other settings of the run, which may need models of other sizes.
    ///
    /// - Parameter arguments: The settings.
    /// - Returns: Trials of the same model and data.
    func sized(for arguments: TrainingArguments) -> MemoryProbe {
        var job = job
        job.arguments = arguments
        return MemoryProbe(
            job: job,
            outline: outline,
            labels: labels,
            problemType: problemType,
            classWeights: classWeights,
            train: train,
            held: held,
            blockCount: blockCount
        )
    }

    /// Blocks that the real model has beyond frozen ones that the trials lack.
    var comparableBlocks: Int { blockCount - missingFrozenBlocks }

    /// Frozen blocks that the trials lack: weights and nothing else.
    var missingFrozenBlocks: Int { min(job.arguments.frozenLayerCount ?? 0, blockCount) - frozen }

    /// A classifier with so many blocks.
    static func classifier(
        _ job: FineTuning,
        _ outline: ModelSkeleton,
        blocks: Int,
        labels: [String],
        _ problemType: ProblemType
    ) throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = labels
        options.problemType = problemType
        options.reinitializesHead = true
        options.resizesEmbeddings = job.resizesEmbeddings
        options.device = job.device
        options.weightsDType = job.weightsDType
        options.productRoutes = job.productRoutes
        return try outline.classifier(blocks: blocks, options: options, seed: job.arguments.seed)
    }

    /// Takes a few steps with each of some settings.
    ///
    /// - Parameters:
    ///   - variants: The settings.
    ///   - blocks: Blocks of the model.
    ///   - withTime: Whether the first one's time is measured, too.
    ///   - wholeFrozen: How many blocks are frozen, where the model is no trial but the whole.
    /// - Returns: What they took, one a variant, and which steps were taken.
    /// - Throws: ``TrainingError`` with code `.outOfMemory` where the model does not fit; as a run's steps.
    func measure(
        _ variants: [TrainingArguments],
        blocks: Int,
        withTime: Bool,
        frozen wholeFrozen: Int? = nil
    ) throws -> [(measurement: TrialMeasurement, notable: NotableSteps)] {
        try requireRoom(blocks: blocks)
        let recorder = try MemoryRecorder()
        defer { try? recorder.stop() }
        let classifier = try Self.classifier(job, outline, blocks: blocks, labels: labels, problemType)
        var results: [(measurement: TrialMeasurement, notable: NotableSteps)] = []
        for (index, arguments) in variants.enumerated() {
            // Evaluation and the like are none of a trial's.
            var arguments = arguments.fitting(
                classifier.model.parameters.parameters,
                frozenBlocks: wholeFrozen ?? frozen
            )
            arguments.writesReplayFile = false
            let trainer = try Trainer(
                classifier,
                arguments: arguments,
                classWeights: classWeights,
                loss: job.loss?(classWeights),
                train: train,
                evaluation: held,
                metrics: job.metrics,
                outputFolder: .temporaryDirectory
            )
            let notable = try trainer.notableSteps()
            let measurement = try trainer.measure(notable, recorder, withTime: withTime && index == 0)
            results.append((measurement, notable))
        }
        return results
    }

    private func requireRoom(blocks: Int) throws {
        guard job.device == .cpu, let available = ProcessMemory.available() else { return }
        try Self.requireRoom(outline, blocks: blocks, of: blockCount, available: available)
    }

    /// A system that gives memory it does not have would end the process instead of saying no.
    static func requireRoom(_ outline: ModelSkeleton, blocks: Int, of all: Int, available: Int) throws {
        let needed = try 16 * outline.weightCount(blocks: blocks)
        guard needed > available else { return }
        throw TrainingError(
            .outOfMemory,
            "even \(blocks) of the model's \(counted(all, "block")), on which a plan is measured, need about "
                + "\(formattedSize(needed)), and \(formattedSize(available)) are free; free some memory, or plan on a "
                + "larger machine"
        )
    }
}
