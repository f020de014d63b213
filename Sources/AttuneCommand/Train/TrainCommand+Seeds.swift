import ArgumentParser
import Attune
import Foundation

// `--seeds`: repeats a run with several seeds and reports the spread of its metrics.
extension TrainCommand {
    /// Runs all seeds.
    ///
    /// Each gets its own recipe, which repeats that seed alone.
    ///
    /// - Parameters:
    ///   - count: The number of seeds.
    ///   - job: The run to repeat.
    ///   - folder: The common output folder.
    ///   - engine: The engine that computes.
    ///   - interrupt: Polled after every step.
    ///   - line: The command line and its recipe.
    /// - Throws: ``ArgumentParser/ExitCode`` if the run was stopped; the library's errors.
    func runSeeds(
        _ count: Int,
        _ job: TrainingJob,
        into folder: URL,
        _ engine: Engine,
        _ interrupt: Interrupt,
        _ line: TrainingCommandLine
    ) throws {
        var known = try completed(job)
        var reporter = ConsoleReporter()
        var current: UInt64?
        let results = try job.run(
            seeds: count,
            into: folder,
            resuming: resumeFromCheckpoint != nil,
            shouldStop: { interrupt.isRequested },
            shouldSave: { interrupt.takeCheckpointRequest() }
        ) { run, event in
            if event.isFromTrainingLoop { engine.adaptThreads() }
            if run.seed != current { (current, reporter) = (run.seed, ConsoleReporter()) }
            if case .resolved(let settings) = event { known = known.completed(settings) }
            if case .run(.started(let plan)) = event {
                try write(line.yaml(known), to: folder)
                var own = known
                own.seed = run.seed
                own.dataSeed = job.recipe.dataSeed.map { $0 &+ UInt64(run.index) } ?? run.seed
                let yaml = try line.yaml(
                    own,
                    replacing: ["seeds": "1", "output-dir": run.folder.path(percentEncoded: false)]
                )
                try write(plan.formerSettings + yaml, to: run.folder)
            }
            reporter.show(event)
        }
        if results.wasInterrupted {
            let done = results.rows.count
            throw interrupted(
                after: "\(done) of \(counted(count, "seed"))\(current.map { ", in seed \($0)" } ?? "")",
                line
            )
        }
        if messages.json { return try printJSON(results) }
        try print(
            "over \(counted(count, "seed"))\n\n\(results.table)\nsaved to \(outputDir), a model in each seed-<n>"
        )
    }
}
