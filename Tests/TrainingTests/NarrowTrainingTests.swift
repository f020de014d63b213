import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch
import Training

/// Training with bfloat16 weights.
struct NarrowTrainingTests {
    private let texts = (0..<22).map {
        "text number \($0) " + String(repeating: $0.isMultiple(of: 2) ? "good " : "bad ", count: $0 % 5 + 1)
    }

    private func run(
        weights: DType = .bfloat16,
        in folder: URL = FileManager.default.temporaryDirectory,
        resumingFrom checkpoint: URL? = nil,
        stopAfter stop: Int = .max,
        _ change: (inout TrainingArguments) -> Void = { _ in }
    ) throws -> (losses: [Double], weights: [[Float]], classifier: TextClassifier) {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        options.weightsDType = weights
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        var arguments = TrainingArguments()
        arguments.learningRate = 1e-2
        arguments.numTrainEpochs = 3
        arguments.saveStrategy = .no
        arguments.precision = .bf16
        change(&arguments)
        let targets = Targets.classes(texts.indices.map { $0.isMultiple(of: 2) ? 1 : 0 })
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            train: classifier.encode(texts, targets: targets),
            outputFolder: folder
        )
        var losses: [Double] = []
        _ = try trainer.run(resumingFrom: checkpoint, shouldStop: { losses.count >= stop }) { event in
            if case .step(let record) = event { losses.append(record.loss) }
        }
        let values = try classifier.model.parameters.parameters.map {
            try $0.value.to(dtype: .float32).array(of: Float.self)
        }
        return (losses, values, classifier)
    }

    @Test(arguments: [OptimizerName.adamWFused, .adamW8, .sgd, .lion, .adafactor])
    func `matrices stay bfloat16, the head float32, and the loss falls`(optimizer: OptimizerName) throws {
        let (losses, _, classifier) = try run {
            $0.optimizer = optimizer
            $0.learningRate = optimizer == .sgd ? 0.5 : optimizer == .lion ? 1e-3 : 1e-2
            $0.numTrainEpochs = 8
        }
        for parameter in classifier.model.parameters.parameters {
            let isNarrow = parameter.shape.count > 1 && !parameter.name.hasPrefix("score")
            #expect(parameter.value.dtype == (isNarrow ? .bfloat16 : .float32), "\(parameter.name)")
        }
        let (first, last) = (losses.prefix(3).reduce(0, +), losses.suffix(3).reduce(0, +))
        #expect(last < 0.7 * first, "\(losses)")
    }

    // 0.03: bfloat16 has three digits, and the two runs differ in every product and every step.
    @Test func `the losses match those of float32 weights, except for rounding`() throws {
        let (narrow, wide) = (try run().losses, try run(weights: .float32).losses)
        #expect(narrow.count == 9 && wide.count == 9)
        for (a, b) in zip(narrow, wide) { #expect(abs(a - b) < 0.03, "\(narrow) \(wide)") }
    }

    @Test(arguments: [OptimizerName.adamWFused, .adamW8])
    func `resuming from a checkpoint gives the same bytes as an uninterrupted run`(
        optimizer: OptimizerName
    ) throws {
        try withTemporaryFolder { folder in
            let save = { (arguments: inout TrainingArguments) in
                arguments.saveStrategy = .steps
                arguments.optimizer = optimizer
            }
            let whole = try run(in: folder.appending(path: "whole"), save)
            _ = try run(in: folder, stopAfter: 4, save)
            let checkpoint = try #require(RunFolder(folder).latestCheckpoint)
            let resumed = try run(in: folder, resumingFrom: checkpoint, save)
            #expect(resumed.weights == whole.weights)
            #expect(resumed.losses == Array(whole.losses.dropFirst(4)))
        }
    }

    @Test(arguments: [OptimizerName.adamWFused, .adamW8])
    func `in the backward pass, and with recomputed blocks, the bytes are the same`(
        optimizer: OptimizerName
    ) throws {
        let after = try run { $0.optimizer = optimizer }
        let within = try run {
            $0.optimizer = optimizer
            $0.optimizerInBackward = true
            $0.gradientCheckpointing = true
        }
        #expect(within.losses == after.losses)
        #expect(within.weights == after.weights)
    }

    // 0.02: the whole step's gradients are rounded to bfloat16 once, those of micro-batches before they are summed in float32.
    @Test func `accumulation gives the same step, except for rounding`() throws {
        let whole = try run().losses
        let parts = try run {
            $0.perDeviceTrainBatchSize = 2
            $0.gradientAccumulationSteps = 4
        }.losses
        for (a, b) in zip(parts, whole) { #expect(abs(a - b) < 0.02, "\(parts) \(whole)") }
    }
}
