import Checkpoints
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch
import Training

@testable import Attune
@testable import Classification

/// Forecasts of a run's steps, time and memory.
struct ForecastTests {
    func job(in folder: URL, model: String = "tiny-base") throws -> TrainingJob {
        let rows = (0..<60).map { row in
            let words = String(repeating: row.isMultiple(of: 2) ? "sunny " : "rainy ", count: row % 7 + 3)
            return "number \(row) is \(words),\(row.isMultiple(of: 2) ? "ann" : "bob")"
        }
        let url = folder.appending(path: "data.csv")
        try Data((["text,author"] + rows).joined(separator: "\n").utf8).write(to: url)
        var job = TrainingJob(
            model: Fixture.folder.appending(path: "models/\(model)").path(percentEncoded: false),
            dataset: url.path(percentEncoded: false),
            label: "author"
        )
        job.recipe.evaluation = .holdOut(.fraction(0.2), stratification: .column("author"), seed: 1)
        return job
    }

    /// The bytes of a step's tensors with a number of blocks: forecast from few blocks, and measured.
    private func tensors(
        blocks: Int,
        _ change: (inout TrainingJob) -> Void
    ) throws -> (forecast: MemoryForecast, measured: Int) {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            change(&job)
            let growth = try extrapolation(job, blocks: blocks)
            let trials = growth.trials
            // The real model has all frozen blocks, which the trial models lack.
            let whole = try trials.measure(
                [job.arguments],
                blocks: blocks,
                withTime: false,
                frozen: job.recipe.frozen.blocks
            )[0]
            // The measured peak has all moments, of unused rows, too.
            let measured = whole.measurement.heaviest.peak - whole.measurement.unusedStateBytes
            return (growth.memory(job.arguments, Self.nothing), measured)
        }
    }

    /// No memory besides tensors.
    private static let nothing = Surroundings(program: 0, reading: 0, largestTensor: 0, restoresBest: false)

    /// Measures two models with few blocks.
    private func extrapolation(_ job: TrainingJob, blocks: Int) throws -> BlockExtrapolation {
        let (rows, _) = try job.rows { _ in }
        let outline = try ModelSkeleton(job.model, maxLength: nil)
        let labels = try job.labels(of: rows, nil)
        let reader = try MemoryProbe.classifier(job, outline, blocks: 1, labels: labels, .singleLabel)
        let trials = MemoryProbe(
            job: job,
            outline: outline,
            labels: labels,
            problemType: .singleLabel,
            classWeights: nil,
            train: try job.encode(rows, with: reader, "training") { _ in },
            evaluation: nil,
            blockCount: blocks
        )
        let small = try trials.measure([job.arguments], blocks: trials.sizes.small, withTime: false)[0]
        let large = try trials.measure([job.arguments], blocks: trials.sizes.large, withTime: false)[0]
        return BlockExtrapolation(trials: trials, small: small.measurement, large: large.measurement)
    }

    @Test func `with weights and moments in a file, those of three blocks are in memory`() throws {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            job.recipe.memory.optimizerInBackward = true
            let growth = try extrapolation(job, blocks: 10)
            let inMemory = growth.memory(job.arguments, Self.nothing)
            job.recipe.memory.offloadFolder = folder.path(percentEncoded: false)
            let inFile = growth.memory(job.arguments, Self.nothing)
            #expect(inMemory.offloaded == 0 && inFile.offloaded > 0)
            #expect(
                inFile.weights + inFile.optimizerState + inFile.offloaded == inMemory.weights
                    + inMemory.optimizerState
            )
            #expect(inFile.tensors + inFile.offloaded == inMemory.tensors)
            #expect(inFile.activations == inMemory.activations)
            let blocks = [8, 9].map { blocks in
                // AdamW keeps two moments of each weight.
                (try? growth.trials.outline.weightCount(blocks: blocks)) ?? 0
            }
            #expect(inFile.offloaded == 7 * 12 * (blocks[1] - blocks[0]))
        }
    }

    @Test func `several processes divide the codes and scales of a quantized base, but not the adapter`()
        throws
    {
        try withTemporaryFolder { folder in
            var job = try job(in: folder)
            job.recipe.adapter = .lora(targets: .allLinear)
            job.recipe.adapter?.frozenStorage = .quantized(.nf4, isDouble: true)
            job.recipe.processes.zeroStage = .three
            job.worldSize = 2
            let growth = try extrapolation(job, blocks: 10)
            let whole = try MemoryProbe.classifier(
                job,
                growth.trials.outline,
                blocks: 10,
                labels: growth.trials.labels,
                .singleLabel
            )
            let frozen = whole.model.parameters.parameters.filter { $0.block != nil && $0.isFrozen }
            let bytes = frozen.reduce(0) { $0 + $1.byteCount }
            #expect(growth.blocks.weightBytes == bytes && growth.blocks.trainedWeights == 0)
            let divided = growth.memory(job.arguments, Self.nothing)
            job.recipe.processes.zeroStage = .off
            let undivided = growth.memory(job.arguments, Self.nothing)
            // Half of all blocks but the two in use.
            #expect(undivided.weights - divided.weights == (bytes - 2 * bytes / 10) / 2)
        }
    }

    private static let settings: [(String, @Sendable (inout Recipe) -> Void)] = [
        ("plain", { _ in }),
        (
            "accumulating",
            {
                $0.batch.size = 4; $0.batch.accumulation = 2
            }
        ),
        ("checkpointed blocks", { $0.memory.gradientCheckpointing = true }),
        (
            "8 bits in bfloat16",
            {
                $0.optimizer.name = .adamW8; $0.precision = .bf16
            }
        ),
        ("within the backward pass", { $0.memory.optimizerInBackward = true }),
        (
            "within the backward pass, unclipped",
            {
                $0.memory.optimizerInBackward = true; $0.maxGradNorm = 0
            }
        ),
        ("a budget of tokens", { $0.batch.maxTokens = 60 }),
        ("five frozen blocks", { $0.frozen.blocks = 5 }),
        ("nine frozen blocks", { $0.frozen.blocks = 9 }),
        ("one text at a time", { $0.batch.size = 1 }),
        ("many texts", { $0.batch.size = 40 }),
    ]

    @Test(arguments: settings.map(\.0))
    func `ten blocks need as much memory as forecast from two and three`(setting: String) throws {
        let change = Self.settings.first { $0.0 == setting }?.1
        let (forecast, measured) = try tensors(blocks: 10) { change?(&$0.recipe) }
        // The same operations use the same bytes; half a percent allows for the moment of a block's peak.
        let error = abs(Double(forecast.tensors) / Double(measured) - 1)
        #expect(error < 0.005, "\(forecast.tensors) forecast, \(measured) measured")
    }

    @Test func `a forecast has steps, tokens, time and memory, and lighter settings if the run does not fit`()
        throws
    {
        try withTemporaryFolder { folder in
            let job = try job(in: folder)
            let roomy = MemoryLimit(name: "roomy", bytes: 1 << 40, holdsProcess: true)
            let forecast = try job.forecast(limits: [roomy])
            #expect(forecast.plan.totalSteps == 18)
            #expect(forecast.plan.training.count == 48)
            #expect(forecast.worstBatchTexts == 8)
            #expect(forecast.worstBatchTokens <= 8 * forecast.plan.training.longest)
            #expect(forecast.secondsPerStep > 0)
            #expect(forecast.evaluationSeconds > 0)
            #expect(forecast.alternatives.isEmpty)
            let memory = forecast.memory
            // AdamW keeps two numbers per weight, all of which are in a checkpoint.
            #expect(forecast.disk.checkpoint == 3 * memory.weights)
            // In memory, those of tokens that do not occur are missing: at most the whole table of 482 rows.
            let missing = 2 * memory.weights - memory.optimizerState
            #expect((0...2 * 482 * 16 * 4).contains(missing))
            #expect(memory.tensors > 3 * memory.weights)
            #expect(memory.peak > memory.tensors)

            let tight = MemoryLimit(name: "tight", bytes: memory.tensors - 1, holdsProcess: false)
            let lighter = try job.forecast(limits: [tight]).alternatives
            #expect(lighter.contains { $0.flags == ["--gradient-checkpointing"] })
            let eightBit = lighter.first { $0.flags == ["--optim adamw_bnb_8bit"] }
            // None of this model's matrices is large enough for 8-bit moments.
            #expect(try #require(eightBit).memory.optimizerState == memory.optimizerState)
            #expect(try !#require(eightBit).keepsNumbers)
            #expect(lighter.contains { tight.holds($0.memory) })
        }
    }

    @Test func `a model with too large blocks is refused with the size`() throws {
        try withTemporaryFolder { folder in
            let job = try job(in: folder)
            let outline = try ModelSkeleton(job.model, maxLength: nil)
            let error = #expect(throws: TrainingError.self) {
                try MemoryProbe.requireRoom(
                    16 * outline.weightCount(blocks: 2),
                    blocks: 2,
                    of: 2,
                    available: 1000
                )
            }
            #expect(error?.message.contains("even the 2 of 2 blocks") == true)
        }
    }
}
