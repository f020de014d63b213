import Foundation
import TestSupport
import Testing

@testable import Attune
@testable import Training

@Suite(.hangGuard) struct TrainingRunTests {
    private let model = ModelSource.folder(
        Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
    )

    /// A recipe over texts of two authors, told apart by a word.
    private func recipe(in folder: URL, steps: Int) throws -> Recipe {
        let rows = (0..<40).map {
            $0.isMultiple(of: 2) ? "number \($0) is sunny,ann" : "number \($0) is rainy,bob"
        }
        let file = folder.appending(path: "data.csv")
        try Data((["text,author"] + rows).joined(separator: "\n").utf8).write(to: file)
        var recipe = Recipe(
            model: model,
            data: .file(file.path(percentEncoded: false)),
            text: "text",
            label: "author"
        )
        recipe.evaluation = .holdOut(0.2, seed: 1)
        recipe.optimizer = .adamW(learningRate: 1e-2)
        recipe.length = .steps(steps)
        return recipe
    }

    private let options: RunOptions = {
        var options = RunOptions()
        (options.device, options.measurements) = (.cpu, nil)
        return options
    }()

    @Test func `an error names its settings as data, too`() async throws {
        try await withTemporaryFolder { folder in
            var recipe = try recipe(in: folder, steps: 1)
            (recipe.evaluation, recipe.evaluates) = (.none, .everyEpoch)
            let error = await #expect(throws: TrainingError.self) {
                _ = try await recipe.start(in: folder.appending(path: "run"), options: options)
            }
            #expect(error?.message == "eval_strategy epoch needs test_size, eval_dataset or eval_split")
            #expect(error?.settings == ["eval_strategy", "test_size", "eval_dataset", "eval_split"])
        }
    }

    @Test func `a run tells what happens and ends with a classifier`() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appending(path: "run")
            let run = try await recipe(in: folder, steps: 30).start(in: output, options: options)
            var (steps, evaluations) = ([Int](), [Double]())
            for try await event in run.events {
                switch event {
                case .step(let record): steps.append(record.step)
                case .evaluated(let record): evaluations.append(record.loss)
                default: break
                }
            }
            #expect(steps == Array(1...30))
            let result = try await run.result
            #expect(evaluations.isEmpty || evaluations.last == result.evaluation?.loss)
            let texts = ["number 7 is sunny", "number 8 is rainy"]
            let predictions = try await result.classifier.classify(texts)
            #expect(predictions.count == 2 && predictions[0].names == ["ann", "bob"])
            #expect(predictions.allSatisfy { abs($0.scores.reduce(0, +) - 1) < 1e-6 })
            // The folder holds the same classifier, and the recipe that repeats the run.
            let loaded = try await Classifier.load(.folder(output.path(percentEncoded: false)), device: .cpu)
            #expect(try await loaded.classify(texts) == predictions)
            let yaml = try String(contentsOf: output.appending(path: "recipe.yaml"), encoding: .utf8)
            #expect(try Recipe(yaml: yaml) == recipe(in: folder, steps: 30))
        }
    }

    @Test func `cancelling the task saves a checkpoint, and the resumed run gives the same bytes`()
        async throws
    {
        try await withTemporaryFolder { folder in
            var recipe = try recipe(in: folder, steps: 40)
            recipe.evaluates = .every(steps: 5)
            let whole = folder.appending(path: "whole")
            _ = try await recipe.start(in: whole, options: options).result
            let output = folder.appending(path: "stopped")
            // The run waits in its first evaluation, because otherwise it could end before it is cancelled.
            let gate = Gate()
            var gated = options
            gated.metrics = [
                CustomMetric("gate") { _ in
                    gate.pass()
                    return 0
                }
            ]
            let reader = Task { [gated, recipe] in
                let run = try await recipe.start(in: output, options: gated)
                var last = 0
                for try await event in run.events {
                    guard case .step(let record) = event else { continue }
                    last = record.step
                    guard last == 5 else { continue }
                    withUnsafeCurrentTask { $0?.cancel() }
                    Task.detached {
                        while !run.isStopping { try await Task.sleep(for: .milliseconds(5)) }
                        gate.open()
                    }
                }
                await #expect(throws: TrainingInterrupted.self) { try await run.result }
                return last
            }
            let last = try await reader.value
            #expect((5..<40).contains(last))
            let names = try FileManager.default.contentsOfDirectory(
                atPath: output.path(percentEncoded: false)
            )
            #expect(names.contains("checkpoint-\(last)") && !names.contains("model.safetensors"))
            await #expect(throws: FileError.self) { try await recipe.start(in: output, options: options) }
            _ = try await recipe.start(in: output, resuming: .latest, options: options).result
            let weights = try [whole, output].map {
                try Data(contentsOf: $0.appending(path: "model.safetensors"))
            }
            #expect(weights[0] == weights[1])
        }
    }

    @Test func `errors of the run are thrown by its events and its result`() async throws {
        try await withTemporaryFolder { folder in
            var recipe = try recipe(in: folder, steps: 3)
            recipe.text = "body"
            let run = try await recipe.start(in: folder.appending(path: "run"), options: options)
            await #expect(throws: DatasetError.self) { for try await _ in run.events {} }
            await #expect(throws: DatasetError.self) { try await run.result }
            recipe.text = "text"
            recipe.evaluates = .everyEpoch
            recipe.evaluation = .none
            await #expect(throws: TrainingError.self) { try await recipe.start(in: folder, options: options) }
        }
    }

    @Test func `messages name settings, because a Swift program has no flags`() async throws {
        #expect(
            Recipe.spelled("--learning-rate must be positive; see --max-length, --unknown and a--b")
                == "learning_rate must be positive; see max_length, --unknown and a--b"
        )
        #expect(
            Recipe.spelled("give --resume-from-checkpoint latest, or --overwrite-output-dir")
                == "give resuming: .latest, or resuming: .overwriting"
        )
        try await withTemporaryFolder { folder in
            var recipe = try recipe(in: folder, steps: 3)
            recipe.memory.optimizerInBackward = true
            recipe.batch.accumulation = 2
            let error = await #expect(throws: TrainingError.self) { try await recipe.plan(options: options) }
            let message = error?.message ?? ""
            #expect(message.contains("optimizer_in_backward needs one backward pass"), "\(message)")
            #expect(!message.contains("--"), "\(message)")
        }
    }

    @Test func `rows in memory give the same weights as the same rows in a file`() async throws {
        try await withTemporaryFolder { folder in
            var recipe = try recipe(in: folder, steps: 4)
            let fromFile = folder.appending(path: "file")
            _ = try await recipe.start(in: fromFile, options: options).result
            recipe.data = .memory
            var options = options
            options.rows = try Dataset([
                "text": (0..<40).map { .string("number \($0) is \($0 % 2 == 0 ? "sunny" : "rainy")") },
                "author": (0..<40).map { .string($0 % 2 == 0 ? "ann" : "bob") },
            ])
            let fromMemory = folder.appending(path: "memory")
            _ = try await recipe.start(in: fromMemory, options: options).result
            let weights = try [fromFile, fromMemory].map {
                try Data(contentsOf: $0.appending(path: "model.safetensors"))
            }
            #expect(weights[0] == weights[1])
            await #expect(throws: TrainingError.self) {
                try await recipe.plan(options: self.options)
            }
            recipe.data = .file("data.csv")
            await #expect(throws: TrainingError.self) { try await recipe.plan(options: options) }
            recipe.data = .memory
            // Evaluation rows in memory, too.
            options.evaluationRows = options.rows
            recipe.evaluation = .data(.memory)
            let plan = try await recipe.plan(options: options)
            #expect(plan.training.count == 40 && plan.evaluation?.count == 40)
        }
    }

    @Test func `a plan and a forecast train nothing`() async throws {
        try await withTemporaryFolder { folder in
            let recipe = try recipe(in: folder, steps: 30)
            let plan = try await recipe.plan(options: options)
            #expect(plan.labels == ["ann", "bob"] && plan.training.count == 32 && plan.totalSteps == 30)
            #expect(plan.evaluation?.count == 8)
            let forecast = try await recipe.forecast(options: options)
            #expect(forecast.plan.totalSteps == 30 && forecast.memory.peak > 0)
            let names = try FileManager.default.contentsOfDirectory(
                atPath: folder.path(percentEncoded: false)
            )
            #expect(names == ["data.csv"])
        }
    }

    @Test func `many tasks may ask one classifier at the same time`() async throws {
        try await withTemporaryFolder { folder in
            let run = try await recipe(in: folder, steps: 5).start(
                in: folder.appending(path: "run"),
                options: options
            )
            let classifier = try await run.result.classifier
            let texts = (0..<24).map { "text number \($0) is sunny" }
            let alone = try await classifier.classify(texts)
            try await withThrowingTaskGroup(of: (Int, Prediction).self) { group in
                for (index, text) in texts.enumerated() {
                    group.addTask { (index, try await classifier.classify([text])[0]) }
                }
                for try await (index, prediction) in group {
                    // Sums may be rounded differently in another batch.
                    #expect(abs(prediction.scores[0] - alone[index].scores[0]) < 1e-5)
                }
            }
        }
    }

    @Test func `a base model is no classifier`() async throws {
        await #expect(throws: ModelError.self) { try await Classifier.load(model, device: .cpu) }
    }

    @Test func `a slow reader misses no step`() async throws {
        let queue = EventQueue()
        func step(_ step: Int) -> TrainingJob.Event {
            .run(
                .step(
                    StepRecord(
                        step: step,
                        totalSteps: 9,
                        epoch: 0,
                        loss: 1,
                        gradientNorm: 1,
                        learningRate: 1,
                        examples: 1
                    )
                )
            )
        }
        for done in 1...3 { queue.add(.run(.evaluating(done: done, of: 9))) }
        queue.add(step(1))
        queue.add(step(2))
        queue.finish(.success(()))
        var seen: [String] = []
        for event in try await queue.take() {
            switch event {
            case .run(.evaluating(let done, _)): seen.append("evaluating \(done)")
            case .run(.step(let record)): seen.append("step \(record.step)")
            default: break
            }
        }
        #expect(seen == ["evaluating 3", "step 1", "step 2"])
        #expect(try await queue.take().isEmpty)
    }
}
