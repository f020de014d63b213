import Checkpoints
import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Tokenization
import Torch

@testable import Training

/// A replayed step equals the run's step to the bit.
struct ReplayTests {
    private let texts = (0..<8).map { "text number \($0) " + ($0.isMultiple(of: 2) ? "good" : "bad") }

    /// A fixture's folder with a tokenizer, because most fixtures have none.
    static func withTokenizer(_ model: String, in folder: URL) throws -> URL {
        let models = Fixture.folder.appending(path: "models")
        let copy = folder.appending(path: model, directoryHint: .isDirectory)
        try FileManager.default.copyItem(at: models.appending(path: model), to: copy)
        if model != "tiny-base" { try SmallTokenizer.write(to: copy) }
        return copy
    }

    /// Examples with targets; in pairs every other token belongs to the second text.
    static func known(_ examples: EncodedExamples, pairs: Bool, _ targets: Targets) -> EncodedExamples {
        var encodings = examples.encodings
        if pairs { encodings.typeIDs = encodings.ids.indices.map { Int32($0 % 2) } }
        return EncodedExamples(encodings: encodings, targets: targets)
    }

    private func trainer(
        _ model: String,
        in folder: URL,
        loss: (any ClassificationLoss)? = nil,
        _ change: (inout TrainingArguments) -> Void = { _ in }
    ) throws -> Trainer {
        var options = SequenceClassifier.LoadOptions()
        if model == "tiny-base" { options.labels = ["bad", "good"] }
        let path = try Self.withTokenizer(model, in: folder).path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        var arguments = TrainingArguments()
        arguments.maxSteps = 2
        arguments.saveStrategy = .no
        change(&arguments)
        let count = classifier.labels.count
        let targets: Targets =
            switch classifier.problemType {
            case .singleLabel: .classes(texts.indices.map { $0 % count })
            case .multiLabel: .labelSets(texts.indices.map { $0.isMultiple(of: 3) ? [] : [$0 % count] })
            case .regression: .numbers(texts.indices.map { Double($0) / 3 })
            }
        return try Trainer(
            classifier,
            arguments: arguments,
            classWeights: classifier.problemType == .regression ? nil : (0..<count).map { 1 + Float($0) / 3 },
            loss: loss,
            train: Self.known(classifier.encode(texts), pairs: model == "bert-pairs", targets),
            outputFolder: folder
        )
    }

    /// A step as the trainer would save it, with the current state of dropout.
    private func kept(_ index: Int, _ trainer: Trainer, _ dropout: RandomSource) throws -> StepReplay {
        let arguments = trainer.arguments
        let size = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
        let order = try RandomSource(seed: arguments.seed).permutation(trainer.train.count)
        let window = order[index * size..<(index + 1) * size]
        return trainer.replay(
            of: StepStart(index: index, learningRate: 1e-3, window: window, dropout: try dropout.state()),
            fault: "none"
        )
    }

    private func firstStep(_ trainer: Trainer) throws -> StepReplay {
        try kept(0, trainer, RandomSource(.dropout, seed: trainer.arguments.seed, device: .cpu))
    }

    // BERT uses dropout, the decoders do not.
    @Test(
        arguments: [
            ("bert-gelu", 2, false), ("bert-multilabel", 1, false), ("bert-pairs", 4, true),
            ("llama-regression", 2, true), ("phi3-partial", 2, false),
        ]
    )
    func `a step from a file has the same loss and gradient norm as in the run`(
        model: String,
        accumulation: Int,
        checkpointing: Bool
    ) throws {
        try withTemporaryFolder { folder in
            let trainer = try trainer(model, in: folder) {
                $0.perDeviceTrainBatchSize = 4 / accumulation
                $0.gradientAccumulationSteps = accumulation
                $0.gradientCheckpointing = checkpointing
                $0.frozenLayerCount = 1
                $0.focalGamma = model == "phi3-partial" ? 2 : 0
            }
            let parameters = trainer.classifier.model.parameters
            let layers = FreezingPlan(parameters.parameters)
            try layers.freeze(parameters.parameters, trainer.arguments)
            try parameters.setRequiresGradient(true)
            let groups = parameterGroups(parameters.trainable, weightDecay: 0) { _ in 1 }
            let dropout = try RandomSource(.dropout, seed: trainer.arguments.seed, device: .cpu)
            let moving = StepState(
                optimizer: try Optimizer(trainer.arguments.optimizerRule, groups),
                dropout: dropout,
                layers: layers
            )
            let order = try RandomSource(seed: trainer.arguments.seed).permutation(texts.count)
            _ = try trainer.step(0, order, 1e-3, moving)
            // The second step, so that the dropout stream has advanced.
            let written = try kept(1, trainer, dropout)
            let file = folder.appending(path: "step.safetensors")
            try written.write(trainer.classifier.model, to: file)
            let record = try trainer.step(1, order, 1e-3, moving)

            let (replay, read) = try StepReplay.load(file)
            #expect(replay == written)
            let report = try replay.run(on: read)
            #expect(report.origin == nil && report.explanation.hasPrefix("the replay produced no NaN"))
            #expect(report.microBatches.count == trainer.microBatches(of: order[4..<8]).count)
            #expect(report.microBatches.reduce(0) { $0 + $1.loss } == record.loss)
            // 1e-5 relative: the trainer sums squares in float32, the report in float64.
            let last = try #require(report.microBatches.last).gradients
            let norms = Dictionary(last.map { ($0.name, $0.statistics.norm) }) { _, whole in whole }
            let norm = norms.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(abs(norm - record.gradientNorm) < 1e-5 * record.gradientNorm)
            #expect(last.allSatisfy { !replay.frozen.contains($0.name) } && !replay.frozen.isEmpty)
        }
    }

    @Test func `weights keep their stored type`() throws {
        try withTemporaryFolder { folder in
            var options = SequenceClassifier.LoadOptions()
            options.labels = ["bad", "good"]
            options.weightsDType = .bfloat16
            let path = try Self.withTokenizer("tiny-base", in: folder).path(percentEncoded: false)
            let classifier = try TextClassifier.load(path, options: options).classifier
            let trainer = try Trainer(
                classifier,
                arguments: TrainingArguments(),
                train: classifier.encode(texts, targets: .classes(texts.indices.map { $0 % 2 })),
                outputFolder: folder
            )
            let file = folder.appending(path: "step.safetensors")
            try firstStep(trainer).write(classifier.model, to: file)
            let (replay, model) = try StepReplay.load(file)
            for (read, kept) in zip(model.parameters.parameters, classifier.model.parameters.parameters) {
                #expect(read.value.dtype == kept.value.dtype && read.name == kept.name)
                #expect(try read.value.array(of: Float.self) == kept.value.array(of: Float.self))
            }
            let report = try replay.run(on: model)
            let layers = try #require(report.microBatches.first).layers
            #expect(report.origin == nil && layers.first?.output.dtype == .bfloat16)
            #expect(layers.last?.name == "score.weight" && layers.last?.output.dtype == .float32)
        }
    }

    @Test func `a custom loss is not saved, and can be passed`() throws {
        let loss = CustomLoss { (logits, targets, _) throws(TorchError) in
            try logits.map(.square).sum(along: 1)
        }
        try withTemporaryFolder { folder in
            let trainer = try trainer("tiny-base", in: folder, loss: loss)
            let file = folder.appending(path: "step.safetensors")
            try firstStep(trainer).write(trainer.classifier.model, to: file)
            let (replay, model) = try StepReplay.load(file)
            #expect(replay.hasCustomLoss)
            #expect { try replay.run(on: model) } throws: {
                "\($0)".contains("a custom loss, which is not saved")
            }
            #expect(try replay.run(on: model, loss: loss).origin == nil)
        }
    }

    @Test func `a damaged or other file is refused by name`() throws {
        try withTemporaryFolder { folder in
            let other = Fixture.folder.appending(path: "models/tiny-base/model.safetensors")
            #expect { try StepReplay.load(other) } throws: {
                ($0 as? TrainingError)?.code == .badCheckpoint && "\($0)".contains("is not a replay file")
            }
            #expect { try StepReplay.load(folder.appending(path: "none")) } throws: {
                ($0 as? CheckpointError)?.code == .missing
            }
            let trainer = try trainer("tiny-base", in: folder)
            let whole = try firstStep(trainer)
            let file = folder.appending(path: "step.safetensors")
            func complaint(_ damage: (inout StepReplay) -> Void) throws -> String {
                var replay = whole
                damage(&replay)
                try replay.write(trainer.classifier.model, to: file)
                do {
                    let (replay, model) = try StepReplay.load(file)
                    _ = try replay.run(on: model)
                    return "nothing"
                } catch { return "\(error)" }
            }
            #expect(try complaint { _ in } == "nothing")
            #expect(try complaint { $0.microBatchSizes = [3] }.contains("is damaged"))
            #expect(try complaint { $0.microBatchSizes = [9, -1] }.contains("is damaged"))
            #expect(try complaint { $0.examples.removeLast() }.contains("is damaged"))
            #expect(try complaint { $0.dropout = [1, 2, 3] } != "nothing")
            #expect(
                try complaint { $0.loss = .crossEntropy(CrossEntropy(classWeights: [1, 2, 3])) }.contains(
                    "is damaged"
                )
            )
            #expect(
                try complaint {
                    var encodings = $0.encoded.encodings
                    encodings.ids[0] = 100_000
                    $0.encoded = EncodedExamples(encodings: encodings, targets: $0.encoded.targets)
                } != "nothing"
            )
        }
    }
}
