import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch
import Training

/// Dropout: on in training, off in evaluation, and drawn from a stream that checkpoints save.
struct DropoutTests {
    private let texts = (0..<22).map { "text number \($0) " + ($0.isMultiple(of: 2) ? "good" : "bad") }

    /// The tiny model with another dropout probability in its attention.
    private func classifier(dropout: Double, in folder: URL) throws -> TextClassifier {
        let original = Fixture.folder.appending(path: "models/tiny-base")
        let copy = folder.appending(path: "model-\(dropout)", directoryHint: .isDirectory)
        if !FileManager.default.fileExists(atPath: copy.path(percentEncoded: false)) {
            try FileManager.default.copyItem(at: original, to: copy)
            let place = copy.appending(path: "config.json")
            let config = try String(contentsOf: place, encoding: .utf8)
            let changed = config.replacing(
                "\"attention_dropout\": 0.0",
                with: "\"attention_dropout\": \(dropout)"
            )
            try #require(changed != config || dropout == 0)
            try FileManager.default.removeItem(at: place)
            try Data(changed.utf8).write(to: place)
        }
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        return try TextClassifier.load(copy.path(percentEncoded: false), options: options).classifier
    }

    private func run(
        dropout: Double,
        seed: UInt64 = 42,
        size: Int = 8,
        in folder: URL,
        resumingFrom checkpoint: URL? = nil,
        stopAfter stop: Int = .max
    ) throws -> (steps: [StepRecord], weights: [[Float]]) {
        let classifier = try classifier(dropout: dropout, in: folder)
        var arguments = TrainingArguments()
        arguments.learningRate = 1e-2
        arguments.numTrainEpochs = 2
        arguments.saveStrategy = .no
        arguments.perDeviceTrainBatchSize = size
        arguments.gradientAccumulationSteps = 8 / size
        arguments.seed = seed
        arguments.dataSeed = 1
        let targets = Targets.classes(texts.indices.map { $0.isMultiple(of: 2) ? 1 : 0 })
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            train: classifier.encode(texts, targets: targets),
            outputFolder: folder
        )
        var steps: [StepRecord] = []
        _ = try trainer.run(resumingFrom: checkpoint, shouldStop: { steps.count >= stop }) { event in
            if case .step(let record) = event { steps.append(record) }
        }
        let weights = try classifier.model.parameters.parameters.map { try $0.value.array(of: Float.self) }
        return (steps, weights)
    }

    @Test func `dropout is on in training and off in evaluation, and depends on the seed`() throws {
        try withTemporaryFolder { folder in
            let without = try run(dropout: 0, in: folder)
            let with = try run(dropout: 0.4, in: folder)
            #expect(with.steps[0].loss != without.steps[0].loss)
            #expect(try run(dropout: 0.4, in: folder).weights == with.weights)
            // The head has a fixed seed; only dropout depends on the run's seed.
            #expect(try run(dropout: 0.4, seed: 43, in: folder).steps[0].loss != with.steps[0].loss)
            #expect(try run(dropout: 0, seed: 43, in: folder).weights == without.weights)

            let logits = try [0, 0.4].map { dropout in
                let classifier = try classifier(dropout: dropout, in: folder)
                return try classifier.logits(classifier.encode(texts))
            }
            #expect(logits[0] == logits[1])
        }
    }

    @Test func `a resumed run continues the dropout stream and gives the same weights`() throws {
        try withTemporaryFolder { folder in
            let whole = try run(dropout: 0.4, in: folder)
            let stopped = try run(dropout: 0.4, in: folder, stopAfter: 3)
            let checkpoint = try #require(RunFolder(folder).latestCheckpoint)
            let resumed = try run(dropout: 0.4, in: folder, resumingFrom: checkpoint)
            #expect(resumed.weights == whole.weights)
            #expect(stopped.steps + resumed.steps == whole.steps)

            // A new stream gives other weights, so the comparison above depends on the stream.
            let states = checkpoint.appending(path: "rng_state.safetensors")
            let fresh = try RandomSource(seed: 5).state()
            var bytes = try Data(contentsOf: states)
            bytes.replaceSubrange((bytes.count - fresh.count)..., with: fresh)
            try bytes.write(to: states)
            #expect(try run(dropout: 0.4, in: folder, resumingFrom: checkpoint).weights != whole.weights)

            try FileManager.default.removeItem(at: states)
            #expect { try run(dropout: 0.4, in: folder, resumingFrom: checkpoint) } throws: {
                "\($0)".contains("rng_state.safetensors")
            }
        }
    }
}
