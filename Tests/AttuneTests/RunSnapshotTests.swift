import Foundation
import JSON
import TestSupport
import Testing
import Training

@testable import Attune

/// A run shows its state to other processes in a small file that is always complete.
@Suite(.hangGuard)
struct RunSnapshotTests {
    private let step = StepRecord(
        step: 3,
        totalSteps: 4,
        epoch: 0.75,
        loss: 0.5,
        gradientNorm: 1.25,
        learningRate: 0.001,
        examples: 8
    )

    @Test func `every event of a run is read back as it was written`() throws {
        let events: [ProgressEvent] = [
            .phase(.read, subject: "d.csv"), .phase(.train, subject: nil),
            .progress(WorkProgress(.tokenize, done: 3, of: 8)), .progress(WorkProgress(.read, done: 3)),
            .step(step, Pace(recentLoss: 0.25, examplesPerSecond: 2, secondsLeft: 61.5)),
            .note("read 5 rows"), .note("warning: 2 rows are empty"),
            .started(
                RunSchedule(
                    examples: 8,
                    tokens: 80,
                    effectiveBatchSize: 2,
                    stepsPerEpoch: 4,
                    totalSteps: 4,
                    firstStep: 1,
                    trainableWeights: 100
                )
            ),
            .log(LogRecord(step: 2, epoch: 0.5, loss: 0.1, gradientNorm: 2, learningRate: 0.1)),
            .evaluation(
                EvaluationRow(
                    step: 4,
                    epoch: 1,
                    values: [.init(name: "eval_loss", value: 0.5), .init(name: "eval_accuracy", value: 1)],
                    lossNote: "weighted",
                    metric: "eval_accuracy"
                )
            ),
            .saved("checkpoint-4"), .loadedBest(step: 2, metric: "eval_loss", value: 0.5),
            .error(message: "the disk is full", exitCode: 74),
        ]
        for event in events {
            let text = JSONValue.object(event.json(at: 1.5)).oneLineInOrder
            #expect(!text.contains("\n"))
            let json = try JSONValue.parse(text.utf8)
            #expect(json["event"].string == event.name && json["time"].double == 1.5)
            #expect(ProgressEvent(json: json) == event, "\(text)")
        }
        #expect(ProgressEvent(json: try .parse("{\"event\": \"from the future\"}".utf8)) == nil)
    }

    @Test func `a snapshot is read back, and keeps only the last rows with their numbers`() throws {
        var snapshot = RunSnapshot(startTime: 10)
        snapshot.repetition = RunSnapshot.Repetition(seed: .max, index: 1, count: 3)
        snapshot.origin = RunSnapshot.Origin(process: 12, host: "node", isLocked: true)
        snapshot.add(.phase(.train, subject: nil), at: 11)
        for number in 0..<250 { snapshot.add(.note("\(number)"), at: 12) }
        snapshot.add(.step(step, Pace(recentLoss: 0.5, examplesPerSecond: 1, secondsLeft: 2)), at: 13)
        #expect(snapshot.entries.count == 200 && snapshot.entries.first?.number == 50)
        let text = JSONValue.object(snapshot.json).oneLineInOrder
        var read = try #require(RunSnapshot(json: .parse(text.utf8)))
        #expect(read == snapshot)
        read.add(.note("next"), at: 14)
        #expect(read.entries.last?.number == 250)
    }

    @Test func `the pace leaves out evaluations, and the time left includes them`() {
        var translator = ProgressTranslator()
        _ = translator.events(
            of: .run(
                .started(
                    RunSchedule(
                        examples: 80,
                        tokens: 800,
                        effectiveBatchSize: 8,
                        stepsPerEpoch: 10,
                        totalSteps: 4,
                        firstStep: 0,
                        trainableWeights: 1
                    )
                )
            ),
            at: 100
        )
        var first = step
        (first.step, first.loss) = (1, 1)
        _ = translator.events(of: .run(.step(first)), at: 101)
        _ = translator.events(of: .run(.evaluating(done: 1, of: 2)), at: 101)
        let record = EvaluationRow(step: 1, epoch: 0, values: [])
        _ = record
        var second = step
        (second.step, second.loss) = (2, 0)
        let events = translator.events(of: .run(.step(second)), at: 104)
        // Training resumes after the evaluation.
        #expect(events.first == .phase(.train, subject: nil))
        guard case .step(_, let pace) = events.last else {
            Issue.record("\(events)")
            return
        }
        #expect(pace.recentLoss == 0.9 && pace.examplesPerSecond == 4 && pace.secondsLeft == 4)
    }
}

/// A run can be watched from its folder, also by a process that knows nothing else of it.
@Suite(.hangGuard)
struct WatchedRunTests {
    private func job(in folder: URL) throws -> TrainingJob {
        let data = folder.appending(path: "d.csv")
        let rows = (0..<24).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }
        try Data("text,label\n\(rows.joined(separator: "\n"))\n".utf8).write(to: data)
        var job = TrainingJob(dataset: data.path(percentEncoded: false), label: "label")
        job.recipe.length = .steps(4)
        job.recipe.evaluation = .holdOut(.fraction(0.25), stratification: .labels, seed: 1)
        job.recipe.logging.steps = 2
        return job
    }

    @Test func `a run is seen running while it trains, and finished at its end`() throws {
        try withTemporaryFolder { folder in
            let output = folder.appending(path: "out", directoryHint: .isDirectory)
            let watched = WatchedRun(output)
            var during: WatchedRun.Reading?
            _ = try job(in: folder).run(into: output) { event in
                if case .run(.evaluating) = event, during == nil { during = try watched.read() }
            }
            let running = try #require(during)
            #expect(running.snapshot.state == .running && running.life == .running && !running.isOver)
            #expect(running.snapshot.phase?.event == .phase(.evaluate, subject: nil))
            let finished = try watched.read()
            #expect(finished.snapshot.state == .finished && finished.isOver && finished.hasFinished)
            let rows = finished.snapshot.entries.map(\.event.name)
            #expect(rows.filter { $0 == "log" }.count == 2 && rows.contains("eval"), "\(rows)")
        }
    }

    @Test func `an interrupted, a failed and a killed run are told apart`() throws {
        struct Failure: Error {}
        try withTemporaryFolder { folder in
            let output = folder.appending(path: "out", directoryHint: .isDirectory)
            let watched = WatchedRun(output)
            #expect(throws: FileError.self) { try watched.read() }
            var job = try job(in: folder)
            _ = try job.run(into: output, shouldStop: { true }) { _ in }
            let interrupted = try watched.read()
            #expect(
                interrupted.snapshot.state == .interrupted && interrupted.isOver && !interrupted.hasFinished
            )
            job.overwritesOutputFolder = true
            #expect(throws: Failure.self) {
                try job.run(into: output) { if case .run(.step) = $0 { throw Failure() } }
            }
            let failed = try watched.read()
            #expect(failed.snapshot.state == .failed && failed.isOver)
            #expect(failed.snapshot.entries.last?.event == .error(message: "Failure()", exitCode: 1))
            // A killed run leaves its last state, and no lock.
            var copy: Data?
            let file = output.appending(path: RunRecorder.fileName)
            _ = try job.run(into: output) { if case .run(.step) = $0 { copy = try Data(contentsOf: file) } }
            try #require(copy).write(to: file)
            let killed = try watched.read()
            #expect(
                killed.snapshot.state == .running && killed.wasKilled && killed.isOver && !killed.hasFinished
            )
            // Older versions and transformers leave only the trainer's state.
            try FileManager.default.removeItem(at: file)
            let old = try watched.read()
            #expect(old.hasFinished && old.snapshot.entries.map(\.event.name) == ["log", "log", "eval"])
        }
    }

    @Test func `several seeds are seen in their common folder`() throws {
        try withTemporaryFolder { folder in
            let output = folder.appending(path: "out", directoryHint: .isDirectory)
            let watched = WatchedRun(output)
            var seen: [WatchedRun.Reading] = []
            let job = try job(in: folder)
            _ = try job.run(seeds: 2, into: output) { _, event in
                if case .run(.evaluating) = event { seen.append(try watched.read()) }
                // Between two seeds no run is active, but the process is.
                if case .progress(let progress) = event, progress.phase == .read, !seen.isEmpty {
                    seen.append(try watched.read())
                }
            }
            #expect(seen.allSatisfy { !$0.isOver && $0.life == .running })
            #expect(Set(seen.map { $0.snapshot.repetition?.index }) == [0, 1])
            #expect(seen.contains { $0.snapshot.state == .finished && $0.snapshot.repetition?.index == 0 })
            let last = try watched.read()
            #expect(last.hasFinished && last.snapshot.repetition?.count == 2)
        }
    }

    @Test func `a new run removes the state of the former one`() throws {
        try withTemporaryFolder { folder in
            let output = folder.appending(path: "out", directoryHint: .isDirectory)
            var job = try job(in: folder)
            _ = try job.run(into: output) { _ in }
            let first = try WatchedRun(output).read().snapshot.startTime
            job.overwritesOutputFolder = true
            var states: [RunSnapshot.State] = []
            _ = try job.run(into: output) { event in
                if case .run(.started) = event { states.append(try WatchedRun(output).read().snapshot.state) }
            }
            #expect(states == [.running])
            #expect(try WatchedRun(output).read().snapshot.startTime > first)
        }
    }
}
