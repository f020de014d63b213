import Checkpoints
import Classification
import Foundation
import Models
import NN
import ProcessGroups
import TestSupport
import Testing
import Torch

@testable import Training

/// A short run of a small model, by one process or by a group.
struct DataParallelRun: Sendable {
    /// The arguments; steps have 8 examples, so an epoch's last one has 1.
    var arguments = TrainingArguments()
    var classWeights: [Float]?
    var loss: (any ClassificationLoss)?
    var adapter: AdapterConfiguration?
    var weightsDType = DType.float32
    /// The form of the matrices under an adapter.
    var frozenStorage = FrozenStorage.floatingPoint
    /// Whether a rank divides the weights while it loads them, as a job does, and not afterwards.
    var dividesWhileLoading = false
    /// The steps of a trace; nil for none.
    var tracedSteps: ClosedRange<Int>?
    /// 17 texts of 3 to 13 ids.
    var texts: [[Int]] = (0..<17).map { text in
        (0..<3 + text * 7 % 11).map { 3 + (text * 31 + $0 * 17) % 470 }
    }
    var labels: [Int] = (0..<17).map { $0 % 3 == 0 ? 1 : 0 }

    /// The outcome of a run.
    struct Ending: Sendable {
        var steps: [StepRecord] = []
        var weights: [[Float]] = []
        var wasInterrupted = false
        var saved: [String] = []
        /// The trace as JSON.
        var trace = ""
        /// The bytes of other ranks' weights in memory after each step, as counted and by pages; 0 if they are not divided.
        var foreignBytes: [Int] = []
        var foreignPages: [Int] = []
    }

    init() {
        arguments.maxSteps = 20
        arguments.learningRate = 1e-3
        // Otherwise the first steps would turn gradients that are rounding errors into updates of full size.
        arguments.adamEpsilon = 1e-4
        arguments.weightDecay = 0.1
        arguments.saveStrategy = .no
    }

    /// Sets the examples per micro-batch for steps of 8 examples.
    mutating func divide(among ranks: Int, accumulation: Int = 1) {
        arguments.perDeviceTrainBatchSize = 8 / ranks / accumulation
        arguments.gradientAccumulationSteps = accumulation
    }

    /// The same run by one process, whose batches have the examples of all ranks.
    func byOneProcess(insteadOf ranks: Int) throws -> Ending {
        var one = self
        one.arguments.perDeviceTrainBatchSize *= ranks
        return try one.callAsFunction()
    }

    /// The run by a group; returns the outcome of every rank.
    func by(_ ranks: Int) throws -> [Ending] {
        try Ranks.run(ranks) { group in try callAsFunction(group) }
    }

    /// The run by this process, alone or as a rank of a group.
    ///
    /// - Parameters:
    ///   - group: The group; nil for one process.
    ///   - folder: The output folder.
    ///   - checkpoint: The checkpoint to resume from.
    ///   - stop: The number of steps after which this process wants to stop.
    ///   - save: The number of steps after which this process wants a checkpoint.
    /// - Returns: The outcome.
    /// - Throws: The errors of the run.
    func callAsFunction(
        _ group: ProcessGroup? = nil,
        in folder: URL = FileManager.default.temporaryDirectory,
        resumingFrom checkpoint: URL? = nil,
        stopAfter stop: Int = .max,
        saveAfter save: Int? = nil
    ) throws -> Ending {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        options.weightsDType = weightsDType
        options.frozenStorage = frozenStorage
        if dividesWhileLoading { options.shard = group.map { (rank: $0.rank, count: $0.size) } }
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        if dividesWhileLoading, let group { try ShardedBlocks.connect(classifier.model, group) }
        if let adapter { try classifier.attach(adapter, report: LoadReport(), seed: 5) }
        var trainer = try Trainer(
            classifier,
            arguments: arguments,
            classWeights: classWeights,
            loss: loss,
            train: ReferenceRun.examples(texts, labels),
            outputFolder: folder,
            group: group
        )
        trainer.trace = tracedSteps.map {
            RunTrace(steps: $0, rank: group?.rank ?? 0, of: group?.size ?? 1)
        }
        var ending = Ending()
        let outcome = try trainer.run(
            resumingFrom: checkpoint,
            shouldStop: { ending.steps.count >= stop },
            shouldSave: { ending.steps.count == save }
        ) { event in
            if case .step(let record) = event {
                ending.steps.append(record)
                ending.foreignBytes.append(classifier.model.shardedBlocks?.foreignByteCount ?? 0)
                ending.foreignPages.append(classifier.model.shardedBlocks?.foreignResidentByteCount ?? 0)
            }
            if case .saved(let place) = event { ending.saved.append(place.lastPathComponent) }
        }
        ending.wasInterrupted = outcome.wasInterrupted
        ending.trace = trainer.trace?.json ?? ""
        try classifier.model.shardedBlocks?.unite(classifier.model, everywhere: true)
        ending.weights = try classifier.model.parameters.parameters.map {
            try ($0.quantized?.dequantized() ?? $0.value.to(dtype: .float32)).array(of: Float.self)
        }
        return ending
    }
}

extension DataParallelRun.Ending {
    /// Compares the outcome of a rank with that of one process.
    ///
    /// 1e-6 relative for losses, 1e-5 for weights: float32 summed in another order.
    func expectEqual(
        to other: Self,
        losses: Double = 1e-6,
        weights: Float = 1e-5,
        _ name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for (a, b) in try paired(steps, other.steps) {
            #expect(
                abs(a.loss - b.loss) <= losses * abs(b.loss),
                "\(name): loss of step \(b.step)",
                sourceLocation: sourceLocation
            )
            var sameNumbers = a
            (sameNumbers.loss, sameNumbers.gradientNorm) = (b.loss, b.gradientNorm)
            #expect(sameNumbers == b, "\(name)", sourceLocation: sourceLocation)
        }
        for (index, (a, b)) in try paired(self.weights, other.weights).enumerated() {
            let furthest = try paired(a, b).map { abs($0 - $1) }.max() ?? 0
            #expect(
                furthest <= weights,
                "\(name): parameter \(index)",
                sourceLocation: sourceLocation
            )
        }
    }
}
