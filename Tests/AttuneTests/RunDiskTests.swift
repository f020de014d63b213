import Attune
import Foundation
import JSON
import TestSupport
import Testing

@testable import Training

/// The disk space of a run, forecast and actual.
struct RunDiskTests {
    private func model(_ name: String) throws -> SequenceClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["ann", "bob"]
        options.reinitializesHead = true
        return try withTemporaryFolder { folder in
            let copy = folder.appending(path: name, directoryHint: .isDirectory)
            try FileManager.default.copyItem(at: Fixture.folder.appending(path: "models/\(name)"), to: copy)
            if name != "tiny-base" { try SmallTokenizer.write(to: copy) }
            let path = copy.path(percentEncoded: false)
            return try TextClassifier.load(path, options: options).classifier.model
        }
    }

    private static let optimizers: [(OptimizerName, Double)] =
        OptimizerName.allCases.map { ($0, 0) } + [(.sgd, 0.9)]

    @Test(arguments: ["tiny-base", "bert-gelu", "phi3-window"], optimizers)
    func `the optimizer state is counted without creating it`(
        name: String,
        optimizer: (OptimizerName, Double)
    ) throws {
        var arguments = TrainingArguments()
        (arguments.optimizer, arguments.sgdMomentum) = optimizer
        for frozen in [nil, 1] {
            arguments.frozenLayerCount = frozen
            let parameters = try model(name).parameters
            let counted = try arguments.optimizerStateBytes(of: parameters.parameters)
            let made = try Optimizer(
                arguments.optimizerRule,
                parameterGroups(parameters.trainable, weightDecay: 0.1)
            )
            #expect(counted == made.stateBytes, "\(optimizer) \(String(describing: frozen))")
        }
    }

    private func job(in folder: URL) throws -> TrainingJob {
        let rows = (0..<40).map { "number \($0) is \($0 % 2 == 0 ? "sunny,ann" : "rainy,bob")" }
        let data = folder.appending(path: "data.csv")
        try Data((["text,author"] + rows).joined(separator: "\n").utf8).write(to: data)
        var job = TrainingJob(dataset: data.path(percentEncoded: false), label: "author")
        job.recipe.evaluation = .holdOut(.fraction(0.2), stratification: .labels, seed: 1)
        job.recipe.length = .steps(10)
        return job
    }

    private static let settings: [(String, @Sendable (inout Recipe) -> Void)] = [
        ("the defaults: one at the end", { _ in }),
        ("every 4 steps", { $0.saving.steps = 4 }),
        ("every 5 steps, the last at the end", { $0.saving.steps = 5 }),
        (
            "two kept",
            {
                $0.saving.steps = 2; $0.saving.limit = 2
            }
        ),
        (
            "the model alone",
            {
                $0.saving.steps = 3; $0.saving.modelOnly = true
            }
        ),
        ("every epoch", { $0.saving.strategy = .epoch }), ("none", { $0.saving.strategy = .no }),
        (
            "momentum of sgd",
            {
                $0.saving.steps = 5; $0.optimizer = .sgd(momentum: 0.9)
            }
        ),
        (
            "adafactor",
            {
                $0.saving.steps = 5; $0.optimizer.name = .adafactor
            }
        ),
    ]

    // 15 %: this model is so small that headers and tokenizer matter.
    @Test(arguments: settings.map(\.0))
    func `a run writes the forecast number of bytes`(setting: String) throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            try #require(Self.settings.first { $0.0 == setting }).1(&job.recipe)
            let disk = try job.forecast().disk
            let output = folder.appending(path: "out")
            _ = try job.run(into: output) { _ in }
            let names = try FileManager.default.contentsOfDirectory(
                atPath: output.path(percentEncoded: false)
            )
            let checkpoints = names.filter { $0.hasPrefix("checkpoint-") }
            #expect(checkpoints.count == disk.checkpointsKept, "\(checkpoints)")
            func weights(_ folder: URL) throws -> Int {
                try ["model.safetensors", "optimizer.safetensors"].reduce(0) { sum, name in
                    let path = folder.appending(path: name).path(percentEncoded: false)
                    guard FileManager.default.fileExists(atPath: path) else { return sum }
                    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
                    return sum + (try #require(size))
                }
            }
            #expect(try abs(Double(weights(output)) / Double(disk.model) - 1) < 0.15)
            for name in checkpoints {
                let found = try weights(output.appending(path: name))
                #expect(
                    abs(Double(found) / Double(disk.checkpoint) - 1) < 0.15,
                    "\(found) \(disk.checkpoint)"
                )
            }
        }
    }

    @Test func `checkpoints and evaluations are counted`() {
        var arguments = TrainingArguments()
        func checkpoints(_ change: (inout TrainingArguments) -> Void) -> Int {
            var changed = arguments
            change(&changed)
            return changed.checkpointCount(totalSteps: 100, stepsPerEpoch: 30)
        }
        // A run saves at its end, however few steps it has.
        #expect(checkpoints { _ in } == 1)
        #expect(checkpoints { $0.saveSteps = 25 } == 4 && checkpoints { $0.saveSteps = 30 } == 4)
        #expect(checkpoints { $0.saveStrategy = .epoch } == 4 && checkpoints { $0.saveStrategy = .no } == 0)
        (arguments.evalStrategy, arguments.evalSteps, arguments.loadBestModelAtEnd) = (.steps, 20, true)
        // After 20, 25, 40, 50, 60, 75, 80 and 100 steps.
        #expect(checkpoints { $0.saveSteps = 25 } == 8)
        #expect(checkpoints { $0.saveStrategy = .no } == 5 && checkpoints { $0.saveStrategy = .best } == 5)
        #expect(arguments.evaluationCount(totalSteps: 100, stepsPerEpoch: 30) == 5)
        arguments.evalDelay = 45
        #expect(arguments.evaluationCount(totalSteps: 100, stepsPerEpoch: 30) == 3)
        (arguments.evalDelay, arguments.evalStrategy, arguments.evalOnStart) = (0, .epoch, true)
        #expect(arguments.evaluationCount(totalSteps: 100, stepsPerEpoch: 30) == 5)
        (arguments.saveTotalLimit, arguments.loadBestModelAtEnd) = (1, true)
        #expect(arguments.checkpointsKept(of: 8) == 2 && arguments.checkpointsKept(of: 1) == 1)
        arguments.loadBestModelAtEnd = false
        #expect(arguments.checkpointsKept(of: 8) == 1)
    }

    @Test func `a forecast refuses the same settings as a run`() throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            job.recipe.weights = .bf16
            let error = #expect(throws: TrainingError.self) { try job.forecast() }
            #expect(error?.message.contains("needs --precision bf16") == true)
            job.recipe.weights = .fp32
            job.recipe.evaluation = .none
            job.recipe.evaluates.strategy = .epoch
            let other = #expect(throws: TrainingError.self) { try job.forecast() }
            #expect(other?.message.contains("needs --test-size, --eval-dataset or --eval-split") == true)
        }
    }
}
