import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing

@testable import Training

/// The steps at which a run logs, evaluates and saves, and its data order.
struct ScheduleOfEventsTests {
    private let texts = (0..<22).map { "text number \($0) " + ($0.isMultiple(of: 2) ? "good" : "bad") }

    /// The events in order, such as `log 3`, `evaluation 6`, `checkpoint-6`.
    private func events(
        in folder: URL = FileManager.default.temporaryDirectory,
        resumingFrom checkpoint: URL? = nil,
        _ change: (inout TrainingArguments) -> Void
    ) throws -> [String] {
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["bad", "good"]
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options).classifier
        var arguments = TrainingArguments()
        // 22 examples in batches of 8: three steps per epoch, six in all.
        arguments.numTrainEpochs = 2
        arguments.saveStrategy = .no
        change(&arguments)
        let examples = classifier.encode(
            texts,
            targets: .classes(texts.indices.map { $0.isMultiple(of: 2) ? 1 : 0 })
        )
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            train: examples,
            evaluation: examples,
            outputFolder: folder
        )
        var events: [String] = []
        _ = try trainer.run(resumingFrom: checkpoint) { event in
            switch event {
            case .logged(let row): events.append("log \(row.step)")
            case .evaluated(let record): events.append("evaluation \(record.step)")
            case .saved(let url): events.append(url.lastPathComponent)
            case .step(let record): events.append("step of \(record.examples)")
            case .started, .evaluating, .loadedBest: break
            }
        }
        return events
    }

    private func steps(_ events: [String], _ kind: String) -> [Int] {
        events.filter { $0.hasPrefix(kind) }.compactMap { Int($0.dropFirst(kind.count + 1)) }
    }

    // Rows as in transformers 5.23, except that the last step always has a row here.
    @Test(arguments: [
        (IntervalStrategy.steps, false, [4, 6]), (.steps, true, [1, 4, 6]), (.epoch, false, [3, 6]),
        (.epoch, true, [1, 3, 6]), (.no, false, []), (.no, true, [1]),
    ])
    func `rows are logged by steps, by epochs, or not at all`(
        strategy: IntervalStrategy,
        first: Bool,
        rows: [Int]
    ) throws {
        let events = try events {
            $0.loggingStrategy = strategy
            $0.loggingSteps = 4
            $0.loggingFirstStep = first
        }
        #expect(steps(events, "log") == rows)
    }

    @Test func `evaluations begin after their delay, counted in steps or epochs`() throws {
        func evaluations(
            _ strategy: IntervalStrategy,
            after delay: Double,
            atStart: Bool = false
        ) throws -> [Int] {
            let events = try events {
                $0.evalStrategy = strategy
                $0.evalSteps = 2
                $0.evalDelay = delay
                $0.evalOnStart = atStart
            }
            return steps(events, "evaluation")
        }
        #expect(try evaluations(.steps, after: 0) == [2, 4, 6])
        #expect(try evaluations(.steps, after: 3) == [4, 6])
        #expect(try evaluations(.epoch, after: 0) == [3, 6])
        #expect(try evaluations(.epoch, after: 1.5) == [6])
        #expect(try evaluations(.epoch, after: 0, atStart: true) == [0, 3, 6])
    }

    @Test func `the last examples of an epoch may be left out`() throws {
        let events = try events { $0.dataloaderDropLast = true }
        #expect(events.filter { $0.hasPrefix("step") } == [String](repeating: "step of 8", count: 4))
        #expect {
            try self.events {
                $0.dataloaderDropLast = true
                $0.perDeviceTrainBatchSize = 23
            }
        } throws: { "\($0)".contains("--dataloader-drop-last drops all 22 examples") }
    }

    @Test func `examples come in the data's order if requested`() throws {
        var arguments = TrainingArguments()
        #expect(arguments.trainSamplingStrategy == .random)
        arguments.trainSamplingStrategy = .sequential
        #expect(try dataOrder(arguments, examples: 5, epoch: 3) == [0, 1, 2, 3, 4])
        arguments.trainSamplingStrategy = .random
        let shuffled = try dataOrder(arguments, examples: 5, epoch: 3)
        #expect(shuffled.sorted() == [0, 1, 2, 3, 4])
        #expect(try dataOrder(arguments, examples: 5, epoch: 3) == shuffled)
    }

    @Test func `a checkpoint of only the model is small and cannot be resumed`() throws {
        try withTemporaryFolder { folder in
            let events = try events(in: folder) {
                $0.saveStrategy = .epoch
                $0.saveOnlyModel = true
            }
            #expect(events.filter { $0.hasPrefix("checkpoint") } == ["checkpoint-3", "checkpoint-6"])
            let checkpoint = folder.appending(path: "checkpoint-3")
            let names = try FileManager.default.contentsOfDirectory(
                atPath: checkpoint.path(percentEncoded: false)
            )
            #expect(names.contains("model.safetensors") && !names.contains("optimizer.safetensors"))
            #expect {
                try self.events(in: folder, resumingFrom: checkpoint) { $0.saveStrategy = .epoch }
            } throws: { "\($0)".contains("it contains only the model") }
        }
    }
}
