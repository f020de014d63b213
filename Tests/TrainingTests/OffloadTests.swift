import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch
import Training

/// Weights and moments in a temporary file.
struct OffloadTests {
    private struct Settings: CustomTestStringConvertible {
        let testDescription: String
        var weights = DType.float32
        var change: @Sendable (inout TrainingArguments) -> Void = { _ in }
    }

    private static let settings = [
        Settings(testDescription: "AdamW"),
        Settings(testDescription: "checkpointed blocks", change: { $0.gradientCheckpointing = true }),
        Settings(testDescription: "no clipping", change: { $0.maxGradNorm = 0 }),
        Settings(
            testDescription: "bfloat16 weights and 8-bit moments",
            weights: .bfloat16,
            change: { ($0.optimizer, $0.gradientCheckpointing) = (.adamW8, true) }
        ),
        Settings(testDescription: "bfloat16 products", change: { $0.precision = .bf16 }),
    ]

    /// Trains a small model; returns every weight and the bytes that were moved into the file.
    private func run(
        _ settings: Settings,
        in folder: URL,
        steps: Int = 6,
        offloads: Bool,
        from checkpoint: URL? = nil
    ) throws -> (weights: [[Float]], moved: Int) {
        let model = folder.appending(path: "model")
        try? FileManager.default.removeItem(at: model)
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        var options = SequenceClassifier.LoadOptions()
        options.weightsDType = settings.weights
        let classifier = try ReferenceRun.classifier("llama-gqa", in: model, options: options)
        var arguments = TrainingArguments()
        (arguments.maxSteps, arguments.learningRate, arguments.perDeviceTrainBatchSize) = (6, 1e-3, 2)
        (arguments.saveStrategy, arguments.saveSteps) = (.steps, 3)
        arguments.optimizerInBackward = true
        settings.change(&arguments)
        if offloads { arguments.offloadFolder = folder.path(percentEncoded: false) }
        var taken = 0
        _ = try Trainer(
            classifier,
            arguments: arguments,
            train: ReferenceRun.examples((0..<6).map { [$0 + 1, $0 + 2, 7] }, [0, 1, 2, 0, 1, 2]),
            outputFolder: folder
        ).run(resumingFrom: checkpoint, shouldStop: { taken >= steps }) { if case .step = $0 { taken += 1 } }
        let weights = try classifier.model.parameters.parameters.map {
            try $0.value.to(dtype: .float32).array(of: Float.self)
        }
        return (weights, classifier.model.offload?.byteCount ?? 0)
    }

    @Test(arguments: settings) private func `a run has the same bytes as in memory, also when it is resumed`(
        settings: Settings
    ) throws {
        let inMemory = try withTemporaryFolder { try run(settings, in: $0, offloads: false) }
        #expect(inMemory.moved == 0)
        try withTemporaryFolder { folder in
            let inFile = try run(settings, in: folder, offloads: true)
            #expect(inFile.weights == inMemory.weights)
            // Two blocks with seven matrices, each with its moments.
            #expect(inFile.moved > 0)
        }
        try withTemporaryFolder { folder in
            _ = try run(settings, in: folder, steps: 3, offloads: true)
            let checkpoint = folder.appending(path: "checkpoint-3")
            let resumed = try run(settings, in: folder, offloads: true, from: checkpoint)
            #expect(resumed.weights == inMemory.weights)
        }
    }

    @Test func `a folder that does not exist, and gradients that exist all at once, are refused`() throws {
        try withTemporaryFolder { folder in
            let missing = Settings(
                testDescription: "missing",
                change: { $0.offloadFolder = "/nowhere/at/all" }
            )
            let error = #expect(throws: (any Error).self) { try run(missing, in: folder, offloads: false) }
            #expect(error.map { "\($0)".contains("/nowhere/at/all") } == true)
            let late = Settings(testDescription: "late", change: { $0.optimizerInBackward = false })
            let refusal = #expect(throws: TrainingError.self) { try run(late, in: folder, offloads: true) }
            #expect(refusal.map { "\($0)".contains("--offload-to needs --optimizer-in-backward") } == true)
        }
    }
}
