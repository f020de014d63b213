import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Tokenization
import Torch

@testable import Training

/// Injected faults: each stops the run and is named in the error.
struct NonFiniteTests {
    static let texts = ["a good text", "a bad text", "zzz zzz", "one more"]

    static func classifier() throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        return try TextClassifier.load(path, options: options).classifier
    }

    /// A trainer with tiny embeddings and a huge head: the loss is finite, but its gradient, which the last norm
    /// multiplies by 1/√1e-6, is not.
    static func overflowBackward(_ classifier: TextClassifier) throws {
        let parameters = classifier.model.parameters
        for parameter in parameters.parameters {
            if parameter.name.hasSuffix("embed_tokens.weight") {
                try parameter.value.assign(parameter.value.detached() * 1e-6)
            } else if parameter.name.hasSuffix("o_proj.weight")
                || parameter.name.hasSuffix("down_proj.weight")
            {
                try parameter.value.fill(0)
            }
        }
        let head = try #require(parameters["score.weight"])
        let width = head.shape[1]
        let rows = [Float](repeating: 1e37, count: width) + [Float](repeating: -1e37, count: width)
        try head.value.assign(Tensor(rows, shape: head.shape))
    }

    private func stopped(
        in folder: URL,
        _ change: (inout TrainingArguments) -> Void = { _ in },
        damage: (TextClassifier) throws -> Void
    ) throws -> (message: String, steps: Int) {
        let classifier = try Self.classifier()
        try damage(classifier)
        var arguments = TrainingArguments()
        arguments.maxSteps = 3
        arguments.saveStrategy = .no
        change(&arguments)
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            train: classifier.encode(Self.texts, targets: .classes([1, 0, 1, 0])),
            outputFolder: folder
        )
        var steps = 0
        do {
            _ = try trainer.run { if case .step = $0 { steps += 1 } }
            return ("no error", steps)
        } catch let error as TrainingError {
            #expect(error.code == .notFinite)
            return (error.message, steps)
        }
    }

    @Test func `a NaN weight is named with its type, and the replay file reproduces it`() throws {
        try withTemporaryFolder { folder in
            let text = try stopped(in: folder) { classifier in
                try classifier.model.parameters["model.layers.1.mlp.up_proj.weight"]?.value.fill(.nan)
            }.message
            #expect(text.contains("step 1: the loss is nan"), "\(text)")
            #expect(
                text.contains("the weight model.layers.1.mlp.up_proj.weight (float32) has 384"),
                "\(text)"
            )
            #expect(
                text.contains("`attune replay ") && text.contains("replay-step-1.safetensors` replays"),
                "\(text)"
            )
            let (replay, model) = try StepReplay.load(folder.appending(path: "replay-step-1.safetensors"))
            let report = try replay.run(on: model)
            #expect(report.weightsLost.map(\.name) == ["model.layers.1.mlp.up_proj.weight"])
            #expect(report.microBatches.last?.loss.isNaN == true)
            #expect(text.contains(report.explanation), "\(report.explanation)")
        }
    }

    @Test func `a huge weight is traced to the layer with the overflow, with its type and token`() throws {
        try withTemporaryFolder { folder in
            let text = try stopped(in: folder) { classifier in
                try classifier.model.parameters["model.layers.0.mlp.up_proj.weight"]?.value.fill(3e38)
            }.message
            #expect(
                text.contains(
                    "the first layer with a non-finite output is model.layers.0.mlp.up_proj.weight, in float32, at token "
                ),
                "\(text)"
            )
            #expect(text.contains("examples "), "\(text)")
            let (replay, model) = try StepReplay.load(folder.appending(path: "replay-step-1.safetensors"))
            let report = try replay.run(on: model)
            guard case .layer(let layer) = report.origin else {
                Issue.record("\(report.explanation)")
                return
            }
            #expect(layer.name == "model.layers.0.mlp.up_proj.weight" && layer.input.nonFiniteCount == 0)
            #expect(layer.output.infiniteCount > 0 && layer.output.dtype == .float32)
            // All earlier layers are finite.
            let before = try #require(report.microBatches.last).layers.prefix { $0.name != layer.name }
            #expect(before.count == 5 && before.allSatisfy { $0.output.nonFiniteCount == 0 })
            let place = try #require(layer.firstLost)
            #expect(replay.piece(at: place)?.isEmpty == false)
        }
    }

    @Test func `a weight that is too large only for bfloat16 products is reported with that type`() throws {
        try withTemporaryFolder { folder in
            let text = try stopped(in: folder) {
                $0.precision = .bf16
            } damage: { classifier in
                try classifier.model.parameters["model.layers.0.mlp.up_proj.weight"]?.value.fill(3.4e38)
            }.message
            #expect(
                text.contains("up_proj.weight, in bfloat16") && text.contains("--precision fp32"),
                "\(text)"
            )
        }
    }

    @Test func `with one NaN embedding row, only the texts with that token are named`() throws {
        try withTemporaryFolder { folder in
            let text = try stopped(in: folder) { classifier in
                let ids = classifier.encode(Self.texts).encodings
                let others = Set(ids[0]).union(ids[1]).union(ids[3])
                let token = try #require(ids[2].first { !others.contains($0) })
                let table = try #require(classifier.model.parameters["model.embed_tokens.weight"])
                try table.value.narrowed(0, to: Int(token)..<Int(token) + 1).fill(.nan)
            }.message
            #expect(text.contains("Caused by example 2;"), "\(text)")
            #expect(
                text.contains("model.embed_tokens.weight (float32) has 16 non-finite values"),
                "\(text)"
            )
        }
    }

    @Test(arguments: [1, 2])
    func `non-finite gradients of a finite loss are reported with parameter, type and examples`(
        accumulation: Int
    ) throws {
        try withTemporaryFolder { folder in
            let text = try stopped(in: folder) {
                $0.perDeviceTrainBatchSize = 4 / accumulation
                $0.gradientAccumulationSteps = accumulation
            } damage: {
                try Self.overflowBackward($0)
            }.message
            #expect(
                text.contains("but gradients are NaN or infinite, and training stopped before changing"),
                "\(text)"
            )
            let (replay, model) = try StepReplay.load(folder.appending(path: "replay-step-1.safetensors"))
            #expect(
                replay.fault == "gradients are NaN or infinite" && replay.learningRate == 5e-5
                    && replay.seed == 42
            )
            let report = try replay.run(on: model)
            guard case .gradient(let gradient) = report.origin else {
                Issue.record("\(report.explanation)")
                return
            }
            #expect(gradient.statistics.nonFiniteCount > 0 && gradient.statistics.dtype == .float32)
            // The last norm's backward pass overflows, and the next gradient is that of the last block's last product.
            #expect(gradient.name == "model.layers.1.mlp.down_proj.weight")
            #expect(
                text.contains(
                    "the first non-finite gradient in the backward pass is that of \(gradient.name) (float32)"
                ),
                "\(text) \(report.explanation)"
            )
            // The gradients of the head and the last norm come first, and are finite.
            let batch = try #require(report.microBatches.last)
            #expect(batch.loss.isFinite && batch.gradients[0].name == "score.weight")
            #expect(batch.gradients[0].statistics.nonFiniteCount == 0)
            // The sign of the states decides: half of the examples are predicted with certainty and have no gradient.
            #expect(!report.examples.isEmpty && report.examples.count < 4, "\(report.examples)")
        }
    }

    @Test(arguments: [0, 1.0]) func `in the backward pass the first non-finite gradient is the same`(
        maxNorm: Double
    ) throws {
        try withTemporaryFolder { folder in
            let text = try stopped(in: folder) {
                $0.optimizerInBackward = true
                $0.maxGradNorm = maxNorm
            } damage: {
                try Self.overflowBackward($0)
            }.message
            #expect(text.contains("that of model.layers.1.mlp.down_proj.weight (float32)"), "\(text)")
            #expect(text.contains("training stopped before changing the weights"), "\(text)")
        }
    }

    @Test func `if weights have already been updated, the error and the file say so`() throws {
        let classifier = try Self.classifier()
        try withTemporaryFolder { folder in
            let trainer = try Trainer(
                classifier,
                arguments: TrainingArguments(),
                train: classifier.encode(Self.texts, targets: .classes([1, 0, 1, 0])),
                outputFolder: folder
            )
            let dropout = try RandomSource(seed: 0).state()
            let error = trainer.gradientIsNotFinite(
                StepStart(index: 4, learningRate: 1, window: [3, 1], dropout: dropout),
                loss: 0.5,
                first: "model.layers.0.mlp.up_proj.weight",
                hasMoved: true
            )
            #expect(
                error.message.contains("after updating the weights above (the last checkpoint is intact)")
            )
            #expect(error.message.contains("that of model.layers.0.mlp.up_proj.weight (float32)"))
            #expect(error.message.contains("Caused by examples 3, 1."))
            let (replay, _) = try StepReplay.load(folder.appending(path: "replay-step-5.safetensors"))
            #expect(replay.hasMoved && replay.examples == [3, 1])
        }
    }

    @Test func `a fault in the middle of a run is reported with its step`() throws {
        let classifier = try Self.classifier()
        var arguments = TrainingArguments()
        arguments.maxSteps = 5
        arguments.saveStrategy = .no
        try withTemporaryFolder { folder in
            let trainer = try Trainer(
                classifier,
                arguments: arguments,
                train: classifier.encode(Self.texts, targets: .classes([1, 0, 1, 0])),
                outputFolder: folder
            )
            #expect {
                try trainer.run { event in
                    guard case .step(let record) = event, record.step == 2 else { return }
                    try withNoGradient {
                        try classifier.model.parameters["score.weight"]?.value.fill(.infinity)
                    }
                }
            } throws: {
                "\($0)".hasPrefix("step 3: the loss is ") && "\($0)".contains("score.weight (float32)")
            }
            #expect(try StepReplay.load(folder.appending(path: "replay-step-3.safetensors")).replay.step == 3)
        }
    }

    @Test func `there is no replay file if turned off, and a write failure is reported`() throws {
        try withTemporaryFolder { folder in
            func damage(_ classifier: TextClassifier) throws {
                try classifier.model.parameters["score.weight"]?.value.fill(.nan)
            }
            let quiet = try stopped(in: folder) {
                $0.writesReplayFile = false
            } damage: {
                try damage($0)
            }.message
            #expect(!quiet.contains("replay"), "\(quiet)")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
                    .isEmpty
            )
            let file = folder.appending(path: "file")
            try Data("x".utf8).write(to: file)
            let blocked = try stopped(in: file.appending(path: "out")) { try damage($0) }.message
            #expect(
                blocked.contains("score.weight (float32)") && blocked.contains("No replay file was written: ")
            )
        }
    }

    @Test func `an evaluation with NaN or infinite logits is an error`() throws {
        let classifier = try Self.classifier()
        try classifier.model.parameters["score.weight"]?.value.fill(.nan)
        let examples = classifier.encode(Self.texts, targets: .classes([1, 0, 1, 0]))
        #expect { try evaluate(classifier, on: examples, step: 7) } throws: {
            ($0 as? TrainingError)?.code == .notFinite
                && "\($0)".hasPrefix("evaluation after step 7: the logits of examples 0, 1, 2, 3 ")
        }
    }
}
