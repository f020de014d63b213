import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch
import Training

struct TrainerTests {
    private let texts = (0..<22).map {
        "text number \($0) " + String(repeating: $0.isMultiple(of: 2) ? "good " : "bad ", count: $0 % 5 + 1)
    }

    private func classifier() throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        return try TextClassifier.load(path, options: options).classifier
    }

    private func examples(_ classifier: TextClassifier) -> EncodedExamples {
        classifier.encode(texts, targets: .classes(texts.indices.map { $0.isMultiple(of: 2) ? 1 : 0 }))
    }

    /// Arguments of a short run without checkpoints.
    private func arguments(_ change: (inout TrainingArguments) -> Void = { _ in }) -> TrainingArguments {
        var arguments = TrainingArguments()
        arguments.learningRate = 1e-2
        arguments.numTrainEpochs = 2
        arguments.saveStrategy = .no
        arguments.loggingSteps = 1
        change(&arguments)
        return arguments
    }

    private func run(
        _ arguments: TrainingArguments,
        weights: [Float]? = nil,
        in folder: URL? = nil,
        resumingFrom checkpoint: URL? = nil,
        stopAfter stop: Int = .max
    ) throws -> (steps: [StepRecord], weights: [[Float]], outcome: Trainer.Outcome) {
        let classifier = try classifier()
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            classWeights: weights,
            train: examples(classifier),
            outputFolder: folder ?? FileManager.default.temporaryDirectory
        )
        var steps: [StepRecord] = []
        let outcome = try trainer.run(resumingFrom: checkpoint, shouldStop: { steps.count >= stop }) {
            event in
            if case .step(let record) = event { steps.append(record) }
        }
        return (
            steps, try classifier.model.parameters.parameters.map { try $0.value.array(of: Float.self) },
            outcome
        )
    }

    @Test func `the loss falls`() throws {
        let steps = try run(arguments { $0.numTrainEpochs = 8 }).steps
        #expect(steps.count == 24)
        #expect(steps.suffix(3).map(\.loss).max() ?? 1 < 0.2)
        #expect(steps[0].learningRate == 1e-2)
        #expect(abs(steps[23].learningRate - 1e-2 / 24) < 1e-12)
    }

    // 1e-5: the same sums in another order.
    @Test(arguments: [nil, [0.6, 0.4]] as [[Float]?])
    func `accumulation is exact: 8, 4 + 4 and 1 × 8 are the same step`(weights: [Float]?) throws {
        let whole = try run(arguments { $0.perDeviceTrainBatchSize = 8 }, weights: weights)
        for (size, count) in [(4, 2), (2, 4), (1, 8)] {
            let parts = try run(
                arguments {
                    $0.perDeviceTrainBatchSize = size
                    $0.gradientAccumulationSteps = count
                },
                weights: weights
            )
            #expect(parts.steps.count == whole.steps.count)
            for (a, b) in zip(parts.steps, whole.steps) {
                #expect(abs(a.loss - b.loss) < 1e-5, "step \(a.step) of \(size) × \(count)")
                #expect(abs(a.gradientNorm - b.gradientNorm) < 1e-4)
            }
        }
    }

    @Test func `transformers' inexact loss under accumulation can be reproduced`() throws {
        func firstLoss(_ compatible: Bool) throws -> Double {
            try run(
                arguments {
                    $0.perDeviceTrainBatchSize = 4
                    $0.gradientAccumulationSteps = 2
                    $0.hfCompatGradientAccumulation = compatible
                    $0.maxSteps = 1
                }
            ).steps[0].loss
        }
        #expect(try abs(firstLoss(true) - 2 * firstLoss(false)) < 1e-6)
    }

    @Test func `recomputed blocks train the same weights to the bit`() throws {
        #expect(try run(arguments { $0.gradientCheckpointing = true }).weights == run(arguments()).weights)
    }

    @Test func `the same seed gives the same weights, another seed gives another order`() throws {
        let first = try run(arguments())
        #expect(try run(arguments()).weights == first.weights)
        #expect(try run(arguments { $0.dataSeed = 7 }).steps.map(\.loss) != first.steps.map(\.loss))
    }

    @Test func `a stopped run is saved, and resuming it gives the same weights`() throws {
        let whole = try run(arguments { $0.numTrainEpochs = 3 })
        try withTemporaryFolder { folder in
            let stopped = try run(arguments { $0.numTrainEpochs = 3 }, in: folder, stopAfter: 4)
            #expect(stopped.outcome.wasInterrupted && stopped.outcome.step == 4)
            let checkpoint = try #require(RunFolder(folder).latestCheckpoint)
            #expect(checkpoint.lastPathComponent == "checkpoint-4")
            let resumed = try run(arguments { $0.numTrainEpochs = 3 }, in: folder, resumingFrom: checkpoint)
            #expect(resumed.steps.map(\.step) == [5, 6, 7, 8, 9])
            #expect(resumed.weights == whole.weights)
            #expect(stopped.steps + resumed.steps == whole.steps)
        }
    }

    /// Runs with evaluations, and requests checkpoints.
    private func saving(
        in folder: URL,
        resumingFrom checkpoint: URL? = nil,
        when isAskedFor: (_ step: Int, _ evaluated: Int) -> Bool
    ) throws -> (saved: [String], weights: [[Float]], evaluations: [Int], outcome: Trainer.Outcome) {
        let classifier = try classifier()
        let trainer = try Trainer(
            classifier,
            arguments: arguments {
                $0.numTrainEpochs = 3
                ($0.evalStrategy, $0.evalSteps, $0.perDeviceEvalBatchSize) = (.steps, 4, 4)
                ($0.saveStrategy, $0.saveSteps, $0.saveOnlyModel) = (.steps, 1000, true)
            },
            train: examples(classifier),
            evaluation: examples(classifier),
            outputFolder: folder
        )
        var (step, evaluated) = (0, 0)
        var (saved, evaluations) = ([String](), [Int]())
        let outcome = try trainer.run(
            resumingFrom: checkpoint,
            shouldSave: { isAskedFor(step, evaluated) }
        ) { event in
            switch event {
            case .step(let record): (step, evaluated) = (record.step, 0)
            case .evaluating(let done, _): evaluated = done
            case .evaluated(let record): evaluations.append(record.step)
            case .saved(let place): saved.append(place.lastPathComponent)
            case .started, .logged, .loadedBest: break
            }
        }
        let weights = try classifier.model.parameters.parameters.map { try $0.value.array(of: Float.self) }
        return (saved, weights, evaluations, outcome)
    }

    @Test func `a requested checkpoint is saved, and the run continues unchanged`()
        throws
    {
        try withTemporaryFolder { folder in
            let whole = try saving(in: folder.appending(path: "whole")) { _, _ in false }
            #expect(whole.saved == ["checkpoint-9"] && whole.evaluations == [4, 8, 9])
            var isAsked = false
            let asked = try saving(in: folder) { step, _ in
                defer { isAsked = isAsked || step == 2 }
                return step == 2 && !isAsked
            }
            #expect(asked.saved == ["checkpoint-2", "checkpoint-9"] && !asked.outcome.wasInterrupted)
            #expect(asked.weights == whole.weights && asked.evaluations == whole.evaluations)
            // It is a complete checkpoint, although the run saves only the model.
            let place = folder.appending(path: "checkpoint-2")
            let resumed = try saving(in: folder, resumingFrom: place) { _, _ in false }
            #expect(resumed.weights == whole.weights && resumed.evaluations == [4, 8, 9])
        }
    }

    @Test func `a checkpoint requested during an evaluation does not wait for its end`() throws {
        try withTemporaryFolder { folder in
            let whole = try saving(in: folder.appending(path: "whole")) { _, _ in false }
            struct Killed: Error {}
            var isAsked = false
            let asked = try saving(in: folder) { step, evaluated in
                guard step == 4, evaluated > 0, evaluated < 22, !isAsked else { return false }
                isAsked = true
                return true
            }
            #expect(asked.saved == ["checkpoint-4", "checkpoint-9"] && asked.weights == whole.weights)
            // The unfinished evaluation is repeated first.
            let place = folder.appending(path: "checkpoint-4")
            let resumed = try saving(in: folder, resumingFrom: place) { _, _ in false }
            #expect(resumed.evaluations == [4, 8, 9] && resumed.weights == whole.weights)
        }
    }

    @Test func `a resumed run may have more steps, and continues like the longer run`() throws {
        try withTemporaryFolder { folder in
            _ = try run(arguments { $0.numTrainEpochs = 3 }, in: folder, stopAfter: 4)
            let checkpoint = try #require(RunFolder(folder).latestCheckpoint)
            let longer = try run(arguments { $0.numTrainEpochs = 5 }, in: folder, resumingFrom: checkpoint)
            #expect(longer.steps.map(\.step) == Array(5...15))
            let whole = try run(arguments { $0.numTrainEpochs = 5 })
            #expect(longer.steps.map(\.learningRate) == whole.steps.suffix(11).map(\.learningRate))
            #expect {
                try run(arguments { $0.maxSteps = 3 }, in: folder, resumingFrom: checkpoint)
            } throws: {
                "\($0)".contains("it has taken 4 steps, but this run ends after 3")
            }
        }
    }

    @Test func `a run with other data, batches, order or optimizer is not resumed`() throws {
        try withTemporaryFolder { folder in
            let short = arguments { $0.maxSteps = 9 }
            _ = try run(short, in: folder, stopAfter: 4)
            let checkpoint = try #require(RunFolder(folder).latestCheckpoint)
            let changes: [(String, (inout TrainingArguments) -> Void)] = [
                ("8 examples per step, but this one has 16", { $0.gradientAccumulationSteps = 2 }),
                ("another data order (random, seed 42) than this one (random, seed 1)", { $0.dataSeed = 1 }),
                ("than this one (sequential)", { $0.trainSamplingStrategy = .sequential }),
                ("--optim adamw_torch_fused, but this one has sgd", { $0.optimizer = .sgd }),
            ]
            for (message, change) in changes {
                var other = short
                change(&other)
                #expect { try run(other, in: folder, resumingFrom: checkpoint) } throws: {
                    "\($0)".contains(message)
                        && "\($0)".contains("start a new run from its weights with --model")
                }
            }
            let classifier = try classifier()
            let labels = texts.indices.map { $0.isMultiple(of: 3) ? 1 : 0 }
            for (message, count) in [
                ("22 training examples, but this one has 20", 20), ("other texts, labels", 22),
            ] {
                let trainer = try Trainer(
                    classifier,
                    arguments: short,
                    train: classifier.encode(
                        Array(texts.prefix(count)),
                        targets: .classes(Array(labels.prefix(count)))
                    ),
                    outputFolder: folder
                )
                #expect { try trainer.run(resumingFrom: checkpoint) { _ in } } throws: {
                    "\($0)".contains(message)
                }
            }
            // Smaller micro-batches with the same effective batch are the same run.
            let pieces = arguments {
                ($0.maxSteps, $0.perDeviceTrainBatchSize, $0.gradientAccumulationSteps) = (9, 4, 2)
            }
            #expect(try run(pieces, in: folder, resumingFrom: checkpoint).steps.map(\.step) == Array(5...9))
        }
    }

    @Test func `checkpoints are saved when due, and the oldest are removed`() throws {
        try withTemporaryFolder { folder in
            _ = try run(
                arguments {
                    $0.saveStrategy = .steps
                    $0.saveSteps = 2
                    $0.saveTotalLimit = 2
                },
                in: folder
            )
            let names = try FileManager.default.contentsOfDirectory(
                atPath: folder.path(percentEncoded: false)
            ).sorted()
            #expect(names == ["checkpoint-4", "checkpoint-6"])
        }
    }

    @Test func `evaluation happens at the given interval, with the expected metrics`() throws {
        let classifier = try classifier()
        let data = examples(classifier)
        let trainer = try Trainer(
            classifier,
            arguments: arguments {
                $0.evalStrategy = .steps
                $0.evalSteps = 3
            },
            train: data,
            evaluation: data,
            outputFolder: FileManager.default.temporaryDirectory
        )
        var records: [EvaluationRecord] = []
        _ = try trainer.run { if case .evaluated(let record) = $0 { records.append(record) } }
        #expect(records.map(\.step) == [3, 6])
        // The classifier still has the last evaluation's weights, so its predictions give the expected metrics.
        let values = Dictionary(
            uniqueKeysWithValues: try #require(records.last).values().map { ($0.name, $0.value) }
        )
        let logits = try classifier.logits(data)
        guard case .classes(let ids)? = data.targets else { throw TrainingError(.badData, "no classes") }
        try #require(ids.count == logits.count)
        let answers = logits.map { $0[1] > $0[0] ? 1 : 0 }
        func count(_ answer: Int, _ label: Int) -> Double {
            Double(zip(answers, ids).count { $0 == answer && $1 == label })
        }
        let (tp, tn, fp, fn) = (count(1, 1), count(0, 0), count(1, 0), count(0, 1))
        let f1 = [2 * tp / (2 * tp + fp + fn), 2 * tn / (2 * tn + fp + fn)]
        let loss = zip(logits, ids).reduce(0) { $0 + log1p(exp(Double($1.0[1 - $1.1] - $1.0[$1.1]))) } / 22
        let denominator = ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)).squareRoot()
        // 1e-5: float32 logits with the same batches, sums in float64.
        for (name, wanted) in [
            ("eval_loss", loss), ("eval_accuracy", (tp + tn) / 22), ("eval_f1", f1[0]),
            ("eval_f1_macro", (f1[0] + f1[1]) / 2),
            ("eval_matthews_correlation", denominator == 0 ? 0 : (tp * tn - fp * fn) / denominator),
        ] {
            #expect(abs(try #require(values[name]) - wanted) < 1e-5, "\(name)")
        }
    }

    @Test func `a NaN loss stops the run before the weights change`() throws {
        let classifier = try classifier()
        let head = try #require(classifier.model.parameters["score.weight"])
        try head.value.fill(.nan)
        let trainer = try Trainer(
            classifier,
            arguments: arguments(),
            train: examples(classifier),
            outputFolder: FileManager.default.temporaryDirectory
        )
        #expect { try trainer.run { _ in } } throws: { error in
            (error as? TrainingError)?.code == .notFinite && "\(error)".hasPrefix("step 1: the loss is nan")
        }
        #expect(try classifier.model.parameters["model.norm.weight"]?.value.isFinite() == true)
    }

    @Test func `data with only one class, and invalid arguments, are refused`() throws {
        let classifier = try classifier()
        func trainer(_ change: (inout TrainingArguments) -> Void, labels: [Int]) throws -> Trainer {
            try Trainer(
                classifier,
                arguments: arguments(change),
                train: classifier.encode(["a", "b"], targets: .classes(labels)),
                outputFolder: FileManager.default.temporaryDirectory
            )
        }
        #expect { try trainer({ _ in }, labels: [1, 1]) } throws: {
            "\($0)".contains("all labelled \"good\"")
        }
        #expect { try trainer({ $0.learningRate = 0 }, labels: [0, 1]) } throws: {
            "\($0)" == "--learning-rate must be positive, not 0.0"
        }
        #expect { try trainer({ $0.evalStrategy = .epoch }, labels: [0, 1]) } throws: {
            "\($0)".contains("needs --eval-dataset")
        }
    }
}

/// Multi-label and regression.
struct TrainerHeadTests {
    private let texts = (0..<22).map { "text number \($0) " + ($0 % 3 == 0 ? "good" : "bad") }

    private func train(
        _ problemType: ProblemType,
        size: Int,
        accumulation: Int,
        weights: [Float]? = nil
    ) throws -> [StepRecord] {
        var options = SequenceClassifier.LoadOptions()
        options.problemType = problemType
        options.labels = problemType == .regression ? ["stars"] : ["x", "y", "z"]
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        let targets: Targets =
            problemType == .regression
            ? .numbers(texts.indices.map { Double($0 % 3) - 0.5 })
            : .labelSets(texts.indices.map { [[], [0, 2], [1]][$0 % 3] })
        var arguments = TrainingArguments()
        arguments.learningRate = 1e-2
        arguments.numTrainEpochs = 2
        arguments.saveStrategy = .no
        arguments.perDeviceTrainBatchSize = size
        arguments.gradientAccumulationSteps = accumulation
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            classWeights: weights,
            train: classifier.encode(texts, targets: targets),
            outputFolder: FileManager.default.temporaryDirectory
        )
        var steps: [StepRecord] = []
        _ = try trainer.run { if case .step(let record) = $0 { steps.append(record) } }
        return steps
    }

    // 1e-5: the same sums in another order.
    @Test(
        arguments: [(.multiLabel, nil), (.multiLabel, [2, 1, 0.5]), (.regression, nil)]
            as [(ProblemType, [Float]?)]
    )
    func `accumulation is exact`(problemType: ProblemType, weights: [Float]?) throws {
        let whole = try train(problemType, size: 8, accumulation: 1, weights: weights)
        for (size, count) in [(4, 2), (1, 8)] {
            let parts = try train(problemType, size: size, accumulation: count, weights: weights)
            #expect(parts.count == whole.count)
            for (a, b) in zip(parts, whole) {
                #expect(abs(a.loss - b.loss) < 1e-5, "step \(a.step) of \(size) × \(count)")
                #expect(abs(a.gradientNorm - b.gradientNorm) < 1e-4)
            }
        }
    }

    // 1e-5: float32 on one side, float64 on the other.
    @Test func `an evaluation's loss is the mean training loss`() throws {
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let kinds: [(ProblemType, [String], Targets, any ClassificationLoss)] = [
            (.singleLabel, ["x", "y"], .classes(texts.indices.map { $0 % 2 }), CrossEntropy()),
            (
                .multiLabel, ["x", "y", "z"], .labelSets(texts.indices.map { [[], [0, 2], [1]][$0 % 3] }),
                BinaryCrossEntropy(labelCount: 3)
            ),
            (.regression, ["x"], .numbers(texts.indices.map { Double($0) / 7 }), SquaredError()),
        ]
        for (problemType, labels, targets, loss) in kinds {
            var options = SequenceClassifier.LoadOptions()
            (options.problemType, options.labels) = (problemType, labels)
            let classifier = try TextClassifier.load(path, options: options).classifier
            let examples = classifier.encode(texts, targets: targets)
            let logits = try classifier.logits(examples).flatMap { $0.map { $0 * 30 } }
            // Large logits, as in a trained model: the fresh head's logits are scaled up in both.
            let head = try #require(classifier.model.parameters["score.weight"])
            try head.value.assign(head.value * 30)
            let record = try #require(try evaluate(classifier, on: examples))
            let tensor = try Tensor(logits, shape: [texts.count, labels.count])
            let expected = try loss(tensor, targets).item() / loss.totalWeight(of: targets)
            #expect(abs(record.loss - expected) < 1e-5 * max(1, expected), "\(problemType)")
        }
    }

    @Test func `targets of another problem type are refused`() throws {
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["x", "y"]
        let classifier = try TextClassifier.load(path, options: options).classifier
        let numbers = classifier.encode(["a", "b"], targets: .numbers([1, 2]))
        #expect {
            try Trainer(
                classifier,
                arguments: TrainingArguments(),
                train: numbers,
                outputFolder: FileManager.default.temporaryDirectory
            )
        } throws: {
            "\($0)".contains("no targets of the classifier's problem type, single_label_classification")
        }
        #expect(throws: TrainingError.self) { try evaluate(classifier, on: numbers) }
        #expect(throws: TrainingError.self) { try evaluate(classifier, on: classifier.encode(["a"])) }
    }
}

struct ScheduleTests {
    private func rates(_ type: SchedulerType, warmup: Warmup, steps: Int) -> [Double] {
        var arguments = TrainingArguments()
        arguments.learningRate = 1
        arguments.scheduler = type
        arguments.warmup = warmup
        let schedule = LearningRateSchedule(arguments, totalSteps: steps)
        return (0..<steps).map { (schedule.learningRate(at: $0) * 1e6).rounded() / 1e6 }
    }

    // transformers.get_scheduler(name, torch.optim.SGD([p], 1.0), num_warmup_steps=2, num_training_steps=6), `get_last_lr()`
    // before each step.
    @Test func `schedules match transformers'`() {
        #expect(rates(.linear, warmup: .steps(2), steps: 6) == [0, 0.5, 1, 0.75, 0.5, 0.25])
        #expect(rates(.cosine, warmup: .steps(2), steps: 6) == [0, 0.5, 1, 0.853553, 0.5, 0.146447])
        #expect(rates(.constant, warmup: .steps(2), steps: 3) == [1, 1, 1])
        #expect(rates(.constantWithWarmup, warmup: .ratio(0.3), steps: 5) == [0, 0.5, 1, 1, 1])
    }

    @Test func `steps are counted as in transformers`() {
        var arguments = TrainingArguments()
        arguments.perDeviceTrainBatchSize = 4
        arguments.gradientAccumulationSteps = 2
        arguments.numTrainEpochs = 1.5
        #expect(arguments.stepsPerEpoch(examples: 17) == 3)
        #expect(arguments.totalSteps(examples: 17) == 5)
        arguments.maxSteps = 2
        #expect(arguments.totalSteps(examples: 17) == 2)
    }
}
