import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch

@testable import Training

/// Options that trade time for memory without changing a step.
struct MemoryTests {
    private let texts = (0..<22).map {
        "text number \($0) " + String(repeating: $0.isMultiple(of: 2) ? "good " : "bad ", count: $0 % 5 + 1)
    }

    private func trainer(
        _ model: String = "models/tiny-base",
        _ change: (inout TrainingArguments) -> Void
    ) throws -> (Trainer, TextClassifier) {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        options.reinitializesHead = true
        let path = Fixture.folder.appending(path: model).path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        var arguments = TrainingArguments()
        arguments.learningRate = 1e-2
        arguments.numTrainEpochs = 2
        arguments.saveStrategy = .no
        change(&arguments)
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            train: classifier.encode(
                texts,
                targets: .classes(texts.indices.map { $0.isMultiple(of: 2) ? 1 : 0 })
            ),
            outputFolder: FileManager.default.temporaryDirectory
        )
        return (trainer, classifier)
    }

    private func run(
        _ model: String = "models/tiny-base",
        _ change: (inout TrainingArguments) -> Void
    ) throws -> (steps: [StepRecord], weights: [[Float]]) {
        let (trainer, classifier) = try trainer(model, change)
        var steps: [StepRecord] = []
        _ = try trainer.run { if case .step(let record) = $0 { steps.append(record) } }
        return (steps, try classifier.model.parameters.parameters.map { try $0.value.array(of: Float.self) })
    }

    /// Two runs: one updates the weights after the backward pass, one in it.
    private func bothWays(
        _ model: String = "models/tiny-base",
        _ change: (inout TrainingArguments) -> Void
    ) throws -> (
        after: (steps: [StepRecord], weights: [[Float]]), within: (steps: [StepRecord], weights: [[Float]])
    ) {
        let after = try run(model, change)
        let within = try run(model) {
            change(&$0)
            $0.optimizerInBackward = true
        }
        return (after, within)
    }

    @Test func `examples are packed longest first into the first group with room`() {
        let lengths = [3, 9, 4, 1, 6, 4]
        let groups = packed([5, 4, 3, 2, 1, 0], within: 10) { lengths[$0] }
        #expect(groups == [[1, 3], [4, 5], [2, 0]])
        #expect(packed([Int](), within: 10) { lengths[$0] }.isEmpty)
    }

    // 1e-5: the same sums in another order.
    @Test(arguments: [32, 50, 1000]) func `a token budget splits a step without changing it`(
        budget: Int
    ) throws {
        let whole = try run { $0.perDeviceTrainBatchSize = 8 }
        let cut = try run {
            $0.perDeviceTrainBatchSize = 4
            $0.gradientAccumulationSteps = 2
            $0.maxTokensPerBatch = budget
        }
        #expect(cut.steps.count == whole.steps.count)
        for (a, b) in zip(cut.steps, whole.steps) {
            #expect(abs(a.loss - b.loss) < 1e-5 && abs(a.gradientNorm - b.gradientNorm) < 1e-4)
            #expect(a.examples == b.examples)
        }
        let (trainer, _) = try trainer { $0.maxTokensPerBatch = budget }
        for batch in trainer.microBatches(of: (0..<22)[...].map(\.self)[...]) {
            #expect(batch.reduce(0) { $0 + trainer.train.length(of: $1) } <= budget)
        }
    }

    @Test func `micro-batches are repacked if they have at most the tokens of the longest texts together`()
        throws
    {
        let (trainer, _) = try trainer {
            $0.perDeviceTrainBatchSize = 2
            $0.gradientAccumulationSteps = 4
        }
        let lengths = (0..<trainer.train.count).map(trainer.train.length)
        let budget = lengths.sorted(by: >).prefix(2).reduce(0, +)
        let shortest = lengths.indices.sorted { lengths[$0] < lengths[$1] }.prefix(8)
        for window in [Array(shortest), Array(0..<8), Array(8..<16)] {
            let groups = trainer.microBatches(of: window[...])
            #expect(groups.count <= 4 && groups.joined().sorted() == window.sorted())
            #expect(groups.allSatisfy { $0.reduce(0) { $0 + lengths[$1] } <= budget })
        }
        #expect(trainer.microBatches(of: Array(shortest)[...]).count < 4)
        let (compatible, _) = try self.trainer {
            $0.perDeviceTrainBatchSize = 2
            $0.gradientAccumulationSteps = 4
            $0.hfCompatGradientAccumulation = true
        }
        #expect(compatible.microBatches(of: Array(shortest)[...]).map(\.count) == [2, 2, 2, 2])
    }

    @Test func `a text longer than the budget is named before the first step`() {
        #expect { try trainer { $0.maxTokensPerBatch = 4 } } throws: {
            "\($0)".contains("--max-tokens-per-batch 4 is too small for text")
                && "\($0)".contains("--max-length 4")
        }
    }

    @Test(arguments: [1.0, 0, 1e-3], [false, true])
    func `the optimizer in the backward pass gives the same bytes`(
        maxNorm: Double,
        checkpointing: Bool
    ) throws {
        let (after, within) = try bothWays {
            $0.maxGradNorm = maxNorm
            $0.gradientCheckpointing = checkpointing
            $0.weightDecay = 0.1
        }
        #expect(within.steps == after.steps)
        #expect(within.weights == after.weights)
    }

    @Test(arguments: [OptimizerName.adamW8, .sgd, .adafactor, .lion])
    func `every optimizer runs in the backward pass`(optimizer: OptimizerName) throws {
        let (after, within) = try bothWays { $0.optimizer = optimizer }
        #expect(within.steps == after.steps)
        #expect(within.weights == after.weights)
    }

    @Test func `in the backward pass a non-finite gradient stops the run and names the parameter`() throws {
        let (_, classifier) = try trainer { _ in }
        var arguments = TrainingArguments()
        arguments.optimizerInBackward = true
        // The square root at 0 is finite, but its derivative is not.
        let loss = CustomLoss { (logits, _, _) throws(TorchError) in
            try (logits - logits.detached()).map(.sqrt).sum(along: 1)
        }
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            loss: loss,
            train: classifier.encode(["a", "b"], targets: .classes([0, 1])),
            outputFolder: FileManager.default.temporaryDirectory
        )
        #expect { try trainer.run { _ in } } throws: { error in
            (error as? TrainingError)?.code == .notFinite
                && "\(error)".contains("the first non-finite gradient in the backward pass is that of ")
                && "\(error)".contains("before changing the weights")
        }
    }

    @Test func `a step with several micro-batches cannot use the optimizer in the backward pass`() {
        #expect {
            try trainer {
                $0.optimizerInBackward = true
                $0.gradientAccumulationSteps = 2
            }
        } throws: { "\($0)".contains("give --per-device-train-batch-size 16 without accumulation") }
        #expect {
            try trainer {
                $0.optimizerInBackward = true
                $0.maxTokensPerBatch = 100
            }
        } throws: { "\($0)".contains("give only one of the two") }
    }

    @Test func `running out of memory lists unused options that need less`() throws {
        let (trainer, _) = try trainer { $0.gradientCheckpointing = true }
        let error = trainer.outOfMemory(
            TorchError(
                code: .outOfMemory,
                operation: "matmul",
                message: "DefaultCPUAllocator: can't allocate memory: you tried to allocate 27955200 bytes."
            ),
            step: 4,
            [0, 4, 9]
        )
        #expect(error.code == .outOfMemory)
        #expect(error.message.hasPrefix("step 5: out of memory in a micro-batch of 3 texts and "))
        #expect(error.message.contains("(matmul asked for 28.0 MB more)"))
        #expect(error.message.contains("--max-tokens-per-batch"))
        #expect(error.message.contains("--optim adamw_bnb_8bit"))
        #expect(!error.message.contains("--gradient-checkpointing"))
    }
}
