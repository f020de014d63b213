import Classification
import Evaluation
import Foundation
import JSON
import Models
import NN
import Synchronization
import TestSupport
import Testing
import Torch

@testable import Training

/// An evaluation reports the loss that training minimizes.
struct EvaluationLossTests {
    private let texts = (0..<22).map { "text number \($0) " + ($0 % 3 == 0 ? "good" : "bad") }

    private func classifier(_ problemType: ProblemType) throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.problemType = problemType
        options.labels = problemType == .regression ? ["stars"] : ["x", "y", "z"]
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        // Large logits, as in a trained model.
        let head = try #require(classifier.model.parameters["score.weight"])
        try head.value.assign(head.value * 30)
        return classifier
    }

    /// Log-probabilities, computed manually in float64.
    private func logSoftmax(_ row: [Float]) -> [Double] {
        let highest = Double(row.max() ?? 0)
        let total = log(row.reduce(0) { $0 + exp(Double($1) - highest) }) + highest
        return row.map { Double($0) - total }
    }

    // 1e-6: both in float64, but ours rounds class weights to float32.
    @Test(
        arguments: [
            (nil, 0, 0), ([0.2, 1, 4], 0, 0), (nil, 0.3, 0), ([0.2, 1, 4], 0.1, 0), ([0.2, 1, 4], 0, 2),
        ]
            as [([Float]?, Double, Double)]
    )
    func `for single-label it is the exact weighted mean, independent of the batches`(
        weights: [Float]?,
        smoothing: Double,
        gamma: Double
    ) throws {
        let classifier = try classifier(.singleLabel)
        let ids = texts.indices.map { $0 % 5 == 0 ? 2 : $0 % 2 }
        let examples = classifier.encode(texts, targets: .classes(ids))
        let loss = CrossEntropy(classWeights: weights, labelSmoothing: smoothing, focalGamma: gamma)
        var (sum, weight, plain) = (0.0, 0.0, 0.0)
        for (row, id) in zip(try classifier.logits(examples), ids) {
            let logs = logSoftmax(row)
            let own = weights?.map(Double.init) ?? [1, 1, 1]
            let focus = pow(1 - exp(logs[id]), gamma)
            sum -= (1 - smoothing) * own[id] * focus * logs[id]
            sum -= zip(own, logs).reduce(0) { $0 + smoothing / 3 * $1.0 * $1.1 }
            weight += own[id]
            plain -= logs[id]
        }
        for size in [nil, 1, 5, 22] {
            let record = try #require(
                try evaluate(classifier, on: examples, loss: loss, batchSize: size)
            )
            // Another batch size rounds logits differently; the exact mean is that of the default size.
            let tolerance = size == nil ? 1e-6 : 1e-4
            #expect(abs(record.loss - sum / weight) < tolerance * max(1, sum / weight))
            let logLoss = try #require(record.metrics["log_loss"])
            #expect(abs(logLoss - plain / 22) < 1e-4, "log_loss stays the plain one")
        }
        let record = try #require(try evaluate(classifier, on: examples, loss: loss))
        #expect(record.values().first { $0.name == "eval_loss" }?.value == record.loss)
    }

    // 1e-6: as above.
    @Test func `for multi-label it has the label weights, for regression it is the squared error`() throws {
        let several = try classifier(.multiLabel)
        let sets = texts.indices.map { [[], [0, 2], [1]][$0 % 3] }
        let examples = several.encode(texts, targets: .labelSets(sets))
        let weights: [Float] = [2, 1, 0.5]
        var sum = 0.0
        for (row, set) in zip(try several.logits(examples), sets) {
            for (id, logit) in row.enumerated() {
                let x = Double(logit)
                // -log σ(x) and -log σ(-x)
                sum += set.contains(id) ? Double(weights[id]) * log1p(exp(-x)) : log1p(exp(x))
            }
        }
        let loss = BinaryCrossEntropy(labelCount: 3, positiveWeights: weights)
        let record = try #require(try evaluate(several, on: examples, loss: loss))
        #expect(abs(record.loss - sum / 66) < 1e-6 * sum / 66)
        let plain = try #require(try evaluate(several, on: examples))
        #expect(abs(plain.loss - (try #require(plain.metrics["log_loss"]))) < 1e-6)
        #expect(record.metrics["log_loss"] == plain.metrics["log_loss"] && record.loss != plain.loss)

        let regression = try classifier(.regression)
        let numbers = texts.indices.map { Double($0) / 7 }
        let measured = try #require(
            try evaluate(regression, on: regression.encode(texts, targets: .numbers(numbers)))
        )
        #expect(abs(measured.loss - (try #require(measured.metrics["mse"]))) < 1e-9 * measured.loss)
    }

    @Test func `its note describes the difference from the plain loss`() {
        func note(_ loss: any ClassificationLoss) -> String? { LossSettings(loss).note }
        #expect(note(CrossEntropy()) == nil && note(SquaredError()) == nil)
        #expect(note(CrossEntropy(classWeights: [1, 2], labelSmoothing: 0.1)) == "weighted, smoothing 0.1")
        #expect(note(CrossEntropy(focalGamma: 2)) == "focal with gamma 2.0")
        #expect(note(BinaryCrossEntropy(labelCount: 2, positiveWeights: [1, 2])) == "weighted")
        // An evaluation has no teacher.
        let taught = DistillationLoss(temperature: 2, alpha: 0.5, labelLoss: CrossEntropy(focalGamma: 2))
        #expect(note(taught) == "focal with gamma 2.0")
        #expect(note(CustomLoss { (logits, _, _) throws(TorchError) in logits }) == "a custom loss")
    }

    @Test func `settings of a loss are read as they were written`() throws {
        let losses: [any ClassificationLoss] = [
            CrossEntropy(classWeights: [0.6, 0.4], labelSmoothing: 0.1), CrossEntropy(focalGamma: 2),
            BinaryCrossEntropy(labelCount: 2, positiveWeights: [1, 3]), SquaredError(),
            DistillationLoss(temperature: 4, alpha: 0.7, labelLoss: CrossEntropy(classWeights: [0.6, 0.4])),
        ]
        for loss in losses {
            let settings = LossSettings(loss)
            let text = settings.json.formatted
            #expect(LossSettings(try JSONValue.parse(text.utf8), labelCount: 2) == settings)
        }
        #expect(LossSettings(LossSettings(losses[0]).json, labelCount: 3) == nil)
    }

    @Test func `a custom loss is evaluated, selects the best model and ends the run`()
        throws
    {
        let calls = Mutex<[[Int]]>([])
        // The squared logits: this loss falls, while the plain loss grows, because the labels are swapped.
        let own = CustomLoss { (logits, _, _) throws(TorchError) in
            calls.withLock { $0.append(logits.shape) }
            guard logits.dtype == .float32 else {
                throw TorchError(operation: "test", message: "not float32")
            }
            return try logits.map(.square).sum(along: 1)
        }
        try withTemporaryFolder { folder in
            let classifier = try classifier(.singleLabel)
            let ids = texts.indices.map { $0 % 3 }
            var arguments = TrainingArguments()
            (arguments.maxSteps, arguments.learningRate) = (8, 1e-3)
            (arguments.evalStrategy, arguments.evalSteps, arguments.loggingSteps) = (.steps, 2, 1)
            (arguments.saveStrategy, arguments.saveSteps) = (.steps, 2)
            (arguments.loadBestModelAtEnd, arguments.saveTotalLimit) = (true, 1)
            let examples = classifier.encode(texts, targets: .classes(ids))
            let trainer = try Trainer(
                classifier,
                arguments: arguments,
                loss: own,
                train: examples,
                evaluation: examples,
                outputFolder: folder
            )
            var records: [EvaluationRecord] = []
            let outcome = try trainer.run { if case .evaluated(let record) = $0 { records.append(record) } }
            #expect(records.count == 4)
            #expect(calls.withLock { $0.contains([22, 3]) }, "all logits at once")
            for record in records { #expect(record.lossNote == "a custom loss") }
            let logits = try classifier.logits(examples)
            let sum = logits.joined().reduce(0) { $0 + Double($1) * Double($1) }
            let best = try #require(records.min { $0.loss < $1.loss })
            #expect(outcome.weightsStep == best.step)
            // 1e-5 relative: float32 on one side.
            #expect(abs(best.loss - sum / 22) < 1e-5 * best.loss)
        }
    }

    @Test func `a NaN loss, or weights with a sum of 0, stop with a reason`() throws {
        let classifier = try classifier(.singleLabel)
        let examples = classifier.encode(texts, targets: .classes(texts.indices.map { _ in 1 }))
        let broken = CustomLoss { (logits, _, _) throws(TorchError) in
            try (logits * 0).map(.log).sum(along: 1)
        }
        #expect { try evaluate(classifier, on: examples, loss: broken) } throws: {
            ($0 as? TrainingError)?.code == .notFinite && "\($0)".contains("although all logits are finite")
        }
        let none = CrossEntropy(classWeights: [1, 0, 1])
        #expect { try evaluate(classifier, on: examples, loss: none) } throws: {
            "\($0)".contains("add up to 0.0") && "\($0)".contains("--class-weights")
        }
        #expect {
            try Trainer(
                classifier,
                arguments: TrainingArguments(),
                classWeights: [1, 0, 1],
                train: classifier.encode(texts, targets: .classes(texts.indices.map { $0 % 3 })),
                evaluation: examples,
                outputFolder: FileManager.default.temporaryDirectory
            )
        } throws: { ($0 as? TrainingError)?.code == .badData }
    }

    /// Llama and BERT, weighted, smoothed, both and focal, from Scripts/fixtures/training/evaluations.py.
    ///
    /// The training loss and the plain loss disagree about the best step.
    @Test func `every evaluation's loss and the best step are those of transformers' Trainer`() throws {
        let cases = try Fixture.cases("training/evaluations.json")
        #expect(cases.count == 8)
        for fixture in cases {
            try withTemporaryFolder { folder in
                let name = "\(fixture["model"].string ?? "") \(fixture["kind"].string ?? "")"
                func examples(_ part: String) throws -> EncodedExamples {
                    let rows = try #require(fixture[part].array)
                    return try ReferenceRun.examples(
                        rows.map { ($0["input_ids"].array ?? []).compactMap(\.int) },
                        rows.compactMap { $0["labels"].int }
                    )
                }
                let classifier = try ReferenceRun.classifier(
                    try #require(fixture["model"].string),
                    in: folder
                )
                var arguments = TrainingArguments()
                (arguments.maxSteps, arguments.learningRate, arguments.seed) = (20, 5e-3, 3)
                arguments.perDeviceTrainBatchSize = 4
                (arguments.evalStrategy, arguments.evalSteps) = (.steps, 2)
                (arguments.saveStrategy, arguments.metricForBestModel) = (.no, "loss")
                arguments.labelSmoothingFactor = try #require(fixture["smoothing"].double)
                arguments.focalGamma = try #require(fixture["gamma"].double)
                let weights = fixture["weights"].array?.compactMap { $0.double.map(Float.init) }
                var records: [EvaluationRecord] = []
                let trainer = try Trainer(
                    classifier,
                    arguments: arguments,
                    classWeights: weights,
                    train: try examples("train"),
                    evaluation: try examples("held"),
                    outputFolder: folder
                )
                let outcome = try trainer.run {
                    if case .evaluated(let record) = $0 { records.append(record) }
                }
                let columns = ["exact", "trainer", "plain"].map { key in
                    (fixture[key].array ?? []).compactMap(\.double)
                }
                try #require(columns.allSatisfy { $0.count == 10 } && records.count == 10)
                for (index, record) in records.enumerated() {
                    // 1e-3: float32 summed in another order, accumulated over 20 steps of AdamW at a high learning rate.
                    #expect(abs(record.loss - columns[0][index]) < 1e-3, "\(name), step \(record.step)")
                    // 2e-2: transformers averages the means of its batches.
                    #expect(abs(record.loss - columns[1][index]) < 2e-2, "\(name), step \(record.step)")
                    let logLoss = try #require(record.metrics["log_loss"])
                    #expect(abs(logLoss - columns[2][index]) < 1e-3, "\(name), step \(record.step)")
                }
                let best = try #require(fixture["best_step"].int)
                #expect(outcome.state.selection.bestStep == best, "\(name)")
                let plain = records.min { $0.metrics["log_loss"] ?? 0 < $1.metrics["log_loss"] ?? 0 }
                #expect(plain?.step != best, "\(name): the plain loss would have chosen the same")
            }
        }
    }
}

/// The epochs in log rows: Scripts/fixtures/training/epochs.py.
struct EpochTests {
    @Test func `epochs match transformers', also if an epoch's last step has fewer micro-batches`() throws {
        let cases = try Fixture.cases("training/epochs.json")
        #expect(cases.count == 16)
        for fixture in cases {
            let count = try #require(fixture["examples"].int)
            var arguments = TrainingArguments()
            arguments.perDeviceTrainBatchSize = try #require(fixture["batch"].int)
            arguments.gradientAccumulationSteps = try #require(fixture["accumulation"].int)
            let given = fixture["arguments"]
            arguments.numTrainEpochs = given["num_train_epochs"].double ?? 3
            arguments.maxSteps = given["max_steps"].int
            arguments.dataloaderDropLast = given["dataloader_drop_last"].bool ?? false
            arguments.loggingSteps = 1
            (arguments.evalStrategy, arguments.evalSteps) = (.steps, 1)
            try withTemporaryFolder { folder in
                let stop = fixture["resumed_at"].int
                if let stop { _ = try run(arguments, count, in: folder, stopAfter: stop) }
                let (rows, outcome) = try run(arguments, count, in: folder, resumes: stop != nil)
                let theirs = try #require(fixture["train"].array).compactMap { row in
                    (row.array ?? []).compactMap(\.double)
                }
                let document = try JSONValue.parse(outcome.state.formatted.utf8)
                let logged = (document["log_history"].array ?? []).filter { $0["loss"] != .null }
                try #require(logged.count == theirs.count)
                // 1e-12: the same division in another order.
                for (ours, row) in zip(logged, theirs) {
                    #expect(ours["step"].double == row[0])
                    #expect(abs((ours["epoch"].double ?? -1) - row[1]) < 1e-12, "\(fixture.oneLine)")
                }
                // An evaluation's row has the epoch of its step's row, whichever run wrote it.
                let epochs = Dictionary(uniqueKeysWithValues: theirs.map { (Int($0[0]), $0[1]) })
                let evaluations = (document["log_history"].array ?? []).filter { $0["eval_loss"] != .null }
                #expect(evaluations.count == theirs.count)
                for row in evaluations {
                    let wanted = try #require(row["step"].int.flatMap { epochs[$0] })
                    #expect(abs((row["epoch"].double ?? -1) - wanted) < 1e-12)
                }
                for record in rows { #expect(abs(record.epoch - (epochs[record.step] ?? -1)) < 1e-12) }
                let wanted = try #require(fixture["epoch"].double)
                #expect(abs(outcome.epoch - wanted) < 1e-12)
                #expect(abs((document["epoch"].double ?? -1) - wanted) < 1e-12)
                #expect(document["num_train_epochs"].int == fixture["num_train_epochs"].int)
                #expect(document["max_steps"].int == fixture["max_steps"].int)
            }
        }
    }

    private func run(
        _ arguments: TrainingArguments,
        _ count: Int,
        in folder: URL,
        resumes: Bool = false,
        stopAfter stop: Int = .max
    ) throws -> (rows: [StepRecord], outcome: Trainer.Outcome) {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        let texts = (0..<count).map { "text \($0)" }
        let examples = classifier.encode(texts, targets: .classes(texts.indices.map { $0 % 2 }))
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            train: examples,
            evaluation: examples,
            outputFolder: folder
        )
        var rows: [StepRecord] = []
        let checkpoint = RunFolder(folder).latestCheckpoint
        if resumes { try #require(checkpoint != nil) }
        let outcome = try trainer.run(
            resumingFrom: resumes ? checkpoint : nil,
            shouldStop: { rows.count >= stop }
        ) { if case .step(let record) = $0 { rows.append(record) } }
        return (rows, outcome)
    }
}
