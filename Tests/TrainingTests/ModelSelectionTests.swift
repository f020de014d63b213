import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch

@testable import Training

struct ModelSelectionTests {
    private let texts = (0..<22).map {
        "text number \($0) " + String(repeating: $0.isMultiple(of: 2) ? "good " : "bad ", count: $0 % 5 + 1)
    }

    private func classifier() throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        return try TextClassifier.load(path, options: options).classifier
    }

    private func trainer(
        _ classifier: TextClassifier,
        in folder: URL,
        _ change: (inout TrainingArguments) -> Void
    ) throws -> Trainer {
        var arguments = TrainingArguments()
        arguments.learningRate = 1e-2
        arguments.numTrainEpochs = 4
        arguments.evalStrategy = .steps
        arguments.evalSteps = 2
        arguments.saveSteps = 5
        arguments.saveTotalLimit = 1
        arguments.loadBestModelAtEnd = true
        change(&arguments)
        let targets = Targets.classes(texts.indices.map { $0.isMultiple(of: 2) ? 1 : 0 })
        return try Trainer(
            classifier,
            arguments: arguments,
            train: classifier.encode(texts, targets: targets),
            // The labels are swapped, so the loss grows during training and the first evaluation is the best.
            evaluation: classifier.encode(texts, targets: .classes(texts.indices.map { $0 % 2 })),
            outputFolder: folder
        )
    }

    // An evaluation of each label twice would have twenty billion logits.
    @Test func `the names of metrics are known without an evaluation`() {
        for type in [ProblemType.singleLabel, .multiLabel] {
            let many = EvaluationMeter.metricNames(type, labelCount: 100_000, targets: nil)
            #expect(many == EvaluationMeter.metricNames(type, labelCount: 3, targets: nil))
            #expect(many.contains("eval_roc_auc"))
        }
        let two = EvaluationMeter.metricNames(.singleLabel, labelCount: 2, targets: nil)
        #expect(two.contains("eval_f1") && two.contains("eval_average_precision"))
        // 12,000 texts with 12,000 labels have too many scores to keep.
        let targets = Targets.classes(Array(0..<12_000))
        let fewer = EvaluationMeter.metricNames(.singleLabel, labelCount: 12_000, targets: targets)
        #expect(!fewer.contains("eval_roc_auc") && fewer.contains("eval_log_loss"))
        let error = ModelSelection.unknown("eval_roc_auc", among: fewer, isLeftOut: true)
        #expect(
            error.message.hasPrefix(
                "--metric-for-best-model roc_auc is not available, because there are too many"
            )
        )
    }

    private func weights(_ classifier: TextClassifier) throws -> [[Float]] {
        try classifier.model.parameters.parameters.map { try $0.value.array(of: Float.self) }
    }

    private func names(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)).sorted()
    }

    @Test func `the best weights are loaded even if no save was due at their step and the limit is one`()
        throws
    {
        try withTemporaryFolder { folder in
            let classifier = try classifier()
            var atBest: (loss: Double, weights: [[Float]])?
            var loaded: Int?
            let outcome = try trainer(classifier, in: folder) { _ in }.run { event in
                if case .evaluated(let record) = event, record.loss < atBest?.loss ?? .infinity {
                    atBest = (record.loss, try weights(classifier))
                }
                if case .loadedBest(let step, _, _) = event { loaded = step }
            }
            let best = try #require(atBest)
            #expect(outcome.step == 12 && outcome.weightsStep == loaded && loaded.map { $0 % 5 != 0 } == true)
            #expect(try weights(classifier) == best.weights)
            #expect(try names(in: folder) == ["checkpoint-12", "checkpoint-\(outcome.weightsStep)"].sorted())
        }
    }

    @Test func `an interrupted evaluation is repeated when the run resumes`() throws {
        /// Runs until the evaluation after a step, if given, is half done; returns the finished evaluations.
        func run(
            in folder: URL,
            stopInEvaluationAfter stop: Int? = nil,
            from checkpoint: URL? = nil
        ) throws
            -> (evaluations: [Double], outcome: Trainer.Outcome, weights: [[Float]])
        {
            let classifier = try classifier()
            var (step, shouldStop, losses) = (0, false, [Double]())
            let trainer = try trainer(classifier, in: folder) {
                $0.perDeviceEvalBatchSize = 4
                $0.saveSteps = 4
            }
            let outcome = try trainer.run(resumingFrom: checkpoint, shouldStop: { shouldStop }) { event in
                switch event {
                case .step(let record): step = record.step
                case .evaluating(let done, _): shouldStop = step == stop && done >= 8
                case .evaluated(let record): losses.append(record.loss)
                default: break
                }
            }
            return (losses, outcome, try weights(classifier))
        }
        try withTemporaryFolder { folder in
            let whole = try run(in: folder.appending(path: "whole"))
            #expect(whole.evaluations.count == 6)
            for stop in [4, 12] {
                let place = folder.appending(path: "stopped-\(stop)")
                let stopped = try run(in: place, stopInEvaluationAfter: stop)
                #expect(stopped.outcome.wasInterrupted && stopped.outcome.step == stop)
                #expect(stopped.evaluations.count == stop / 2 - 1)
                let resumed = try run(in: place, from: RunFolder(place).latestCheckpoint)
                #expect(!resumed.outcome.wasInterrupted)
                #expect(stopped.evaluations + resumed.evaluations == whole.evaluations)
                #expect(
                    resumed.weights == whole.weights
                        && resumed.outcome.weightsStep == whole.outcome.weightsStep
                )
            }
        }
    }

    @Test func `training stops when evaluations no longer improve, and so does a resumed run`() throws {
        try withTemporaryFolder { folder in
            let classifier = try classifier()
            let change: (inout TrainingArguments) -> Void = { $0.earlyStoppingPatience = 2 }
            let outcome = try trainer(classifier, in: folder, change).run { _ in }
            #expect(
                outcome.stoppedEarly && !outcome.wasInterrupted && outcome.step == outcome.weightsStep + 4
            )
            let again = try self.classifier()
            let resumed = try trainer(again, in: folder, change).run(
                resumingFrom: RunFolder(folder).latestCheckpoint
            ) { _ in }
            #expect(resumed.step == outcome.step && resumed.stoppedEarly)
            #expect(try weights(again) == weights(classifier))
        }
    }

    @Test func `an unknown metric is refused before the first step, with a list of the metrics`() throws {
        let classifier = try classifier()
        #expect {
            try trainer(classifier, in: FileManager.default.temporaryDirectory) {
                $0.metricForBestModel = "acuracy"
            }
        } throws: {
            "\($0)".contains("--metric-for-best-model acuracy is not available")
                && "\($0)".contains("accuracy, ")
        }
        #expect {
            try trainer(classifier, in: FileManager.default.temporaryDirectory) { $0.evalStrategy = .no }
        } throws: { "\($0)".contains("--load-best-model-at-end needs --eval-strategy") }
    }

    @Test(arguments: [
        ("eval_loss", false), ("accuracy", true), ("eval_f1_macro", true), ("rmse", false),
        ("eval_mae", false),
        ("hamming_loss", false), ("matthews_correlation", true), ("log_loss", false),
    ])
    func `a metric has a direction`(name: String, greaterIsBetter: Bool) {
        var arguments = TrainingArguments()
        arguments.metricForBestModel = name
        #expect(ModelSelection(arguments).greaterIsBetter == greaterIsBetter)
    }

    @Test func `the newest and the best checkpoint are kept despite any limit`() throws {
        for (limit, best, left) in [(1, 1, [1, 5]), (3, 1, [1, 4, 5]), (1, 5, [5]), (2, nil, [4, 5])]
            as [(Int, Int?, [Int])]
        {
            try withTemporaryFolder { folder in
                let run = RunFolder(folder)
                for step in 1...5 {
                    try FileManager.default.createDirectory(
                        at: run.checkpoint(step),
                        withIntermediateDirectories: true
                    )
                }
                try run.prune(keeping: limit, newest: 5, best: best)
                #expect(try names(in: folder) == left.map { "checkpoint-\($0)" })
            }
        }
    }
}

struct LayerPlanTests {
    private func parameters() throws -> [Parameter] {
        let store = ParameterStore()
        let scope = ParameterScope(store)
        for name in ["embed", "layers.0.a", "layers.1.a", "layers.2.a", "norm", "score"] {
            _ = try scope.parameter(name + ".weight", [1], initialization: .zeros)
        }
        return store.parameters
    }

    @Test func `the learning rate falls with every block further down`() throws {
        let parameters = try parameters()
        let plan = FreezingPlan(parameters)
        let factors = parameters.map { plan.learningRateFactor(of: $0, decay: 0.5) }
        #expect(factors == [0.0625, 0.125, 0.25, 0.5, 1, 1])
        let groups = parameterGroups(parameters, weightDecay: 0.1) {
            plan.learningRateFactor(of: $0, decay: 0.5)
        }
        #expect(groups.map(\.learningRateFactor) == [1, 0.5, 0.25, 0.125, 0.0625, 1])
        #expect(groups.map(\.weightDecay) == [0.1, 0.1, 0.1, 0.1, 0.1, 0])
    }

    @Test(
        arguments: [
            ([], 2, ["layers.2.a", "norm", "score"]),
            (["embed"], nil, ["layers.0.a", "layers.1.a", "layers.2.a", "norm", "score"]),
            (["layers.*.a.weight", "norm"], nil, ["embed", "score"]), (["*e*"], 0, ["norm"]),
        ] as [([String], Int?, [String])]
    )
    func `layers are frozen by name and by number`(patterns: [String], count: Int?, trained: [String]) throws
    {
        let parameters = try parameters()
        var arguments = TrainingArguments()
        (arguments.frozenParameters, arguments.frozenLayerCount) = (patterns, count)
        if patterns == ["*e*"] {
            // Every name ends in "weight", so nothing is left to train.
            #expect { try FreezingPlan(parameters).freeze(parameters, arguments) } throws: {
                "\($0)".contains("nothing to train")
            }
            return
        }
        try FreezingPlan(parameters).freeze(parameters, arguments)
        #expect(parameters.filter(\.isTrainable).map { String($0.name.dropLast(".weight".count)) } == trained)
    }

    @Test func `a pattern without a match, and too many blocks, are refused`() throws {
        let parameters = try parameters()
        var arguments = TrainingArguments()
        arguments.frozenParameters = ["layer.0"]
        #expect { try FreezingPlan(parameters).freeze(parameters, arguments) } throws: {
            "\($0)".contains("--freeze layer.0 matches no parameter")
        }
        arguments.frozenParameters = []
        arguments.frozenLayerCount = 4
        #expect { try FreezingPlan(parameters).freeze(parameters, arguments) } throws: {
            "\($0)".contains("the model has only 3 blocks")
        }
    }
}
