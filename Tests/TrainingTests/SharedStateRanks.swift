import Classification
import Dispatch
import Foundation
import Models
import NN
import ProcessGroups
import TestSupport
import Testing
import Torch

@testable import Training

/// Runs the ranks of a group as threads of this process.
enum Ranks {
    /// The outcomes of the ranks; its lock makes it safe.
    private final class Outcomes<Value: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var values: [Int: Result<Value, any Error>] = [:]

        subscript(rank: Int) -> Result<Value, any Error>? {
            get { lock.withLock { values[rank] } }
            set { lock.withLock { values[rank] = newValue } }
        }
    }

    /// Runs a closure on every rank.
    ///
    /// - Parameters:
    ///   - count: The number of ranks.
    ///   - body: Receives the group of its rank.
    /// - Returns: The outcome of each rank.
    /// - Throws: An error if a rank cannot be started.
    static func outcomes<Value: Sendable>(
        _ count: Int,
        _ body: @escaping @Sendable (ProcessGroup) throws -> Value
    ) throws -> [Result<Value, any Error>] {
        let host = "127.0.0.1"
        let store = try RendezvousStore(host: host, port: 0, isServer: true, timeout: .seconds(60))
        let port = store.port
        let outcomes = Outcomes<Value>()
        let ended = DispatchSemaphore(value: 0)
        for rank in 0..<count {
            Thread.detachNewThread {
                outcomes[rank] = Result {
                    // As under torchrun, whose agent hosts the store.
                    let launch = Launch(
                        rank: rank,
                        worldSize: count,
                        address: host,
                        port: port,
                        isStoreHosted: true
                    )
                    let group = try ProcessGroup(launch)
                    do {
                        let value = try body(group)
                        try group.leave()
                        return value
                    } catch {
                        group.fail("\(error)")
                        throw error
                    }
                }
                ended.signal()
            }
        }
        for _ in 0..<count { ended.wait() }
        return try withExtendedLifetime(store) { try (0..<count).map { try #require(outcomes[$0]) } }
    }

    /// Runs a closure on every rank, without an error.
    ///
    /// - Parameters:
    ///   - count: The number of ranks.
    ///   - body: Receives the group of its rank.
    /// - Returns: The value of each rank.
    /// - Throws: The first error that is not about another rank's.
    static func run<Value: Sendable>(
        _ count: Int,
        _ body: @escaping @Sendable (ProcessGroup) throws -> Value
    ) throws -> [Value] {
        let outcomes = try outcomes(count, body)
        for outcome in outcomes {
            guard case .failure(let error) = outcome else { continue }
            if (error as? DistributedError)?.code != .peerFailed { throw error }
        }
        return try outcomes.map { try $0.get() }
    }
}

/// A short run of a small model, by one process or as a rank of a group.
struct RankRun: Sendable {
    /// The end of a run.
    struct Ending: Sendable {
        var outcome: Trainer.Outcome
        var weights: [[Float]]
        /// The number of bytes of the optimizer's state in this process.
        var stateBytes: Int
        var savedCount: Int
        var evaluations: [Double]
    }

    static let texts = (0..<16).map { "text number \($0) " + ($0.isMultiple(of: 2) ? "good" : "bad") }

    var arguments = TrainingArguments()
    var texts = Self.texts
    var weightsDType = DType.float32
    /// The seed of the fresh head, which may differ between ranks.
    var headSeed: UInt64 = 42
    var metrics: [CustomMetric] = []

    init() {
        arguments.maxSteps = 6
        arguments.learningRate = 1e-2
        arguments.perDeviceTrainBatchSize = 4
        // Its updates are linear in the gradients, so that rounding errors stay small.
        (arguments.optimizer, arguments.sgdMomentum) = (.sgd, 0.9)
        (arguments.evalStrategy, arguments.evalSteps) = (.steps, 3)
        arguments.saveStrategy = .no
    }

    /// The same run by several processes, with as many examples per step.
    func divided(among count: Int) -> RankRun {
        var run = self
        run.arguments.perDeviceTrainBatchSize /= count
        return run
    }

    /// Loads the model.
    func classifier() throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        options.weightsDType = weightsDType
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        return try TextClassifier.load(path, options: options, seed: headSeed).classifier
    }

    func trainer(in folder: URL, _ group: ProcessGroup? = nil) throws -> (trainer: Trainer, TextClassifier) {
        let classifier = try classifier()
        let targets = Targets.classes(texts.indices.map { $0.isMultiple(of: 2) ? 1 : 0 })
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            train: classifier.encode(texts, targets: targets),
            evaluation: classifier.encode(Array(texts.prefix(8)), targets: targets.selecting(0..<8)),
            metrics: metrics,
            outputFolder: folder,
            modelName: "tiny-base",
            group: group
        )
        return (trainer, classifier)
    }

    /// Trains.
    ///
    /// - Parameters:
    ///   - folder: The output folder.
    ///   - group: The group; nil for one process.
    ///   - resumes: Whether to resume from the folder's latest checkpoint.
    ///   - stop: The number of steps after which this process wants to stop.
    /// - Returns: The end of the run.
    /// - Throws: The errors of the run.
    func train(
        in folder: URL,
        _ group: ProcessGroup? = nil,
        resumes: Bool = false,
        stopAfter stop: Int = .max
    ) throws -> Ending {
        let (trainer, classifier) = try trainer(in: folder, group)
        var (steps, saved, evaluations) = (0, 0, [Double]())
        let outcome = try trainer.run(
            resumingFrom: resumes ? RunFolder(folder).latestCheckpoint : nil,
            // A rank tells its wish in the next step.
            shouldStop: { steps >= (group == nil ? stop : stop - 1) }
        ) { event in
            if case .step = event { steps += 1 }
            if case .saved = event { saved += 1 }
            if case .evaluated(let record) = event { evaluations.append(record.loss) }
        }
        try classifier.model.shardedBlocks?.unite(classifier.model, everywhere: true)
        return Ending(
            outcome: outcome,
            weights: try Self.weights(of: classifier),
            stateBytes: try trainer.stepState().optimizer.stateBytes,
            savedCount: saved,
            evaluations: evaluations
        )
    }

    static func weights(of classifier: TextClassifier) throws -> [[Float]] {
        try classifier.model.parameters.parameters.map {
            try $0.value.detached().to(dtype: .float32).array(of: Float.self)
        }
    }
}

/// The largest difference between weights.
func largestDifference(_ a: [[Float]], _ b: [[Float]]) throws -> Float {
    try paired(a, b).flatMap { try paired($0, $1) }.map { abs($0 - $1) }.max() ?? 0
}
