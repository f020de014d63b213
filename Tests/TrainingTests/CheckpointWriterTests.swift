import Dispatch
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch

@testable import Classification
@testable import Training

/// Checkpoints written while the next step computes.
struct CheckpointWriterTests {
    private let place = URL(filePath: "checkpoint-1")

    @Test func `waiting ends when writing is done, and each checkpoint is reported once`() throws {
        let writer = CheckpointWriter()
        try writer.wait()
        #expect(writer.takeWritten().isEmpty)
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "written")
            let mayWrite = DispatchSemaphore(value: 0)
            writer.begin { [place] in
                mayWrite.wait()
                try Data().write(to: file)
                return place
            }
            #expect(writer.takeWritten().isEmpty)
            mayWrite.signal()
            try writer.wait()
            #expect(FileManager.default.fileExists(atPath: file.path(percentEncoded: false)))
            #expect(writer.takeWritten() == [place])
            #expect(writer.takeWritten().isEmpty)
        }
    }

    @Test func `a write error is thrown by wait, once`() throws {
        let writer = CheckpointWriter()
        writer.begin { throw TrainingError(.badArgument, "the disk is full") }
        #expect(throws: TrainingError.self) { try writer.wait() }
        try writer.wait()
        #expect(writer.takeWritten().isEmpty)
    }

    @Test(.hangGuard, arguments: [false, true])
    func `a step does not update weights or moments that are still being written`(inBackward: Bool) throws {
        try withTemporaryFolder { folder in
            var options = SequenceClassifier.LoadOptions()
            options.labels = ["bad", "good"]
            let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
            let classifier = try TextClassifier.load(path, options: options).classifier
            var arguments = TrainingArguments()
            arguments.optimizerInBackward = inBackward
            arguments.perDeviceTrainBatchSize = 2
            let texts = ["a good text", "a bad text", "quite good", "rather bad"]
            let trainer = try Trainer(
                classifier,
                arguments: arguments,
                train: classifier.encode(texts, targets: .classes([1, 0, 1, 0])),
                outputFolder: folder
            )
            try classifier.model.parameters.setRequiresGradient(true)
            var stepState = try trainer.stepState()
            _ = try trainer.step(0, [0, 1, 2, 3], 1e-3, stepState)

            let weights = classifier.model.parameters.parameters.map(\.value)
            let moments = stepState.optimizer.state.map(\.tensor)
            let copies: () throws -> [[Float]] = {
                try (weights + moments).map { try $0.detached().to(dtype: .float32).array(of: Float.self) }
            }
            let before = try copies()
            // The writer reads after the backward pass, and leaves a step that does not wait enough time to continue.
            let (backwardIsOver, updateIsOver) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            stepState.phaseEnded = { (phase) throws(TorchError) in
                if phase == (inBackward ? .forward : .backward) { backwardIsOver.signal() }
                if phase == .update { updateIsOver.signal() }
            }
            var seen: [[Float]] = []
            stepState.checkpoints.begin { [place] in
                backwardIsOver.wait()
                _ = updateIsOver.wait(timeout: .now() + .milliseconds(200))
                seen = try copies()
                return place
            }
            _ = try trainer.step(1, [0, 1, 2, 3], 1e-3, stepState)
            #expect(stepState.checkpoints.takeWritten() == [place])
            #expect(seen == before)
            #expect(try copies() != before)
        }
    }
}
