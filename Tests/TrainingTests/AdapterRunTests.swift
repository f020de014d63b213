import Checkpoints
import Classification
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch
import Training

/// Fifty steps of transformers' Trainer on adapters of peft (Scripts/fixtures/make_adapter_fixtures.py).
struct AdapterRunTests {
    // 1e-4 relative: float32 summed in another order, accumulated over 50 steps of AdamW.
    @Test(arguments: ["adapter-lora", "adapter-dora", "adapter-dora-decayed"])
    func `fifty steps and the final adapter are those of the Trainer`(name: String) throws {
        let fixture = try Fixture.json("training/\(name)/run.json")
        let given = fixture["arguments"]
        try withTemporaryFolder { folder in
            let classifier = try ReferenceRun.classifier(#require(fixture["model"].string), in: folder)
            let start = Fixture.folder.appending(path: "training/\(name)/start")
            var training = AdapterTraining()
            training.decaysMagnitude = name.hasSuffix("decayed")
            let configuration = try AdapterConfiguration.read(folder: start).configuration
            try classifier.attach(configuration, training: training, report: LoadReport())
            try classifier.loadWeights(from: start)
            var arguments = TrainingArguments()
            (arguments.maxSteps, arguments.learningRate, arguments.seed) = (50, 3e-3, 3)
            arguments.perDeviceTrainBatchSize = 2
            arguments.weightDecay = try #require(given["weight_decay"].double)
            (arguments.scheduler, arguments.warmup) = (.linear, .steps(5))
            arguments.saveStrategy = .no
            var steps: [StepRecord] = []
            let frozen = classifier.model.parameters.parameters.filter(\.isFrozen)
            let before = try frozen.map { try $0.value.array(of: Float.self) }
            _ = try Trainer(
                classifier,
                arguments: arguments,
                train: ReferenceRun.examples(of: fixture),
                outputFolder: folder
            ).run { if case .step(let record) = $0 { steps.append(record) } }
            ReferenceRun.expect(steps, equal: fixture, count: 50, name)
            let end = try SafetensorsFile(
                contentsOf: Fixture.folder.appending(path: "training/\(name)/final.safetensors")
            )
            for (key, tensor) in classifier.model.adapterTensors() {
                let wanted = try end.tensor(key).array(of: Float.self)
                let furthest = zip(try tensor.array(of: Float.self), wanted).map { abs($0 - $1) }.max()
                #expect(try #require(furthest) <= 1e-4, "\(key)")
            }
            #expect(try frozen.map { try $0.value.array(of: Float.self) } == before)
        }
    }

    private static func classifierWithDoRA(in folder: URL) throws -> TextClassifier {
        let classifier = try ReferenceRun.classifier("llama-gqa", in: folder)
        var settings = AdapterConfiguration(rank: 4, dropout: 0.1, targets: .allLinear)
        settings.usesMagnitudes = true
        try classifier.attach(settings, report: LoadReport(), seed: 5)
        return classifier
    }

    private static func examples() throws -> EncodedExamples {
        try ReferenceRun.examples((0..<6).map { [$0 + 1, $0 + 2, 7] }, [0, 1, 2, 0, 1, 2])
    }

    @Test func `a NaN loss stops a run without a replay file, which would hold no adapter`() throws {
        try withTemporaryFolder { folder in
            let classifier = try Self.classifierWithDoRA(in: folder)
            var arguments = TrainingArguments()
            (arguments.maxSteps, arguments.learningRate, arguments.saveStrategy) = (8, 1e38, .no)
            arguments.perDeviceTrainBatchSize = 2
            let output = folder.appending(path: "run")
            try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
            let error = #expect(throws: TrainingError.self) {
                _ = try Trainer(
                    classifier,
                    arguments: arguments,
                    train: Self.examples(),
                    outputFolder: output
                ).run { _ in }
            }
            #expect(error.map { !"\($0)".contains("attune replay") } == true)
            let files = try FileManager.default.contentsOfDirectory(
                atPath: output.path(percentEncoded: false)
            )
            #expect(!files.contains { $0.hasPrefix("replay") })
        }
    }

    // 1e-5 relative: blocks are recomputed and gradients are summed in another order.
    @Test(arguments: [(true, false), (false, true), (true, true)])
    func `checkpointed blocks and updates within the backward pass give the same losses`(
        checkpoints: Bool,
        within: Bool
    ) throws {
        func losses(checkpoints: Bool, within: Bool) throws -> (values: [Double], hasLearned: Bool) {
            try withTemporaryFolder { folder in
                let classifier = try Self.classifierWithDoRA(in: folder)
                var arguments = TrainingArguments()
                (arguments.maxSteps, arguments.learningRate, arguments.saveStrategy) = (8, 1e-2, .no)
                (arguments.perDeviceTrainBatchSize, arguments.maxGradNorm) = (2, 0)
                (arguments.gradientCheckpointing, arguments.optimizerInBackward) = (checkpoints, within)
                var losses: [Double] = []
                _ = try Trainer(
                    classifier,
                    arguments: arguments,
                    train: Self.examples(),
                    outputFolder: folder
                ).run { if case .step(let record) = $0 { losses.append(record.loss) } }
                // B begins at 0 in every layer.
                let factors = classifier.model.adapterTensors().filter { $0.name.hasSuffix("lora_B.weight") }
                let hasLearned = try factors.allSatisfy {
                    try $0.tensor.array(of: Float.self).contains { $0 != 0 }
                }
                return (losses, hasLearned)
            }
        }
        let plain = try losses(checkpoints: false, within: false)
        let other = try losses(checkpoints: checkpoints, within: within)
        #expect(plain.values.count == 8 && plain.hasLearned && other.hasLearned)
        for (a, b) in try paired(other.values, plain.values) { #expect(abs(a - b) <= 1e-5 * abs(b)) }
    }

    @Test func `a resumed run of an adapter ends with the same bytes`() throws {
        try withTemporaryFolder { folder in
            func run(_ steps: Int, _ place: String, from checkpoint: URL? = nil) throws -> URL {
                let model = folder.appending(path: "model-\(UUID().uuidString)")
                try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
                let classifier = try Self.classifierWithDoRA(in: model)
                var arguments = TrainingArguments()
                (arguments.numTrainEpochs, arguments.learningRate) = (2, 1e-3)
                (arguments.perDeviceTrainBatchSize, arguments.saveStrategy, arguments.saveSteps) = (
                    2, .steps, 3
                )
                let output = folder.appending(path: place)
                var taken = 0
                _ = try Trainer(
                    classifier,
                    arguments: arguments,
                    train: Self.examples(),
                    outputFolder: output
                ).run(resumingFrom: checkpoint, shouldStop: { taken >= steps }) {
                    if case .step = $0 { taken += 1 }
                }
                return output
            }
            let whole = try run(6, "whole")
            let half = try run(3, "half")
            let checkpoint = half.appending(path: "checkpoint-3")
            let names = try FileManager.default.contentsOfDirectory(
                atPath: checkpoint.path(percentEncoded: false)
            )
            #expect(names.contains("adapter_model.safetensors") && !names.contains("model.safetensors"))
            #expect(!names.contains("config.json"))
            let resumed = try run(3, "half", from: checkpoint)
            for file in ["adapter_model.safetensors", "optimizer.safetensors"] {
                #expect(
                    try Data(contentsOf: resumed.appending(path: "checkpoint-6/\(file)"))
                        == Data(contentsOf: whole.appending(path: "checkpoint-6/\(file)"))
                )
            }
        }
    }
}
