import ArgumentParser
import Attune
import Foundation
import ProcessGroups

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
    ///   - member: This process as one of several; nil if it trains alone.
    /// - Throws: ``ArgumentParser/ExitCode`` if the run was stopped; the library's errors.
    func runSeeds(
        _ count: Int,
        _ job: TrainingJob,
        into folder: URL,
        _ engine: Engine,
        _ interrupt: Interrupt,
        _ line: TrainingCommandLine,
        _ member: GroupMember?
    ) throws {
        let isFirst = member?.group.isFirst ?? true
        var known = try completed(job)
        var reporter = ConsoleReporter()
        var current: UInt64?
        let results = try job.run(
            seeds: count,
            into: folder,
            resuming: resumeFromCheckpoint != nil,
            shouldStop: { interrupt.isRequested },
            shouldSave: { interrupt.takeCheckpointRequest() },
            group: member?.group
        ) { run, event in
            if event.isFromTrainingLoop { engine.adaptThreads() }
            if run.seed != current { (current, reporter) = (run.seed, ConsoleReporter()) }
            if case .resolved(let settings) = event { known = known.completed(settings) }
            if isFirst, case .run(.started(let plan)) = event {
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
        guard isFirst else {
            try member?.leave()
            if results.wasInterrupted { throw ExitCode.interrupted }
            return
        }
        if results.wasInterrupted {
            let done = results.rows.count
            let code = interrupted(
                after: "\(done) of \(counted(count, "seed"))\(current.map { ", in seed \($0)" } ?? "")",
                line,
                inGroup: member != nil
            )
            try member?.leave()
            throw code
        }
        try member?.leave()
        if messages.json { return try printJSON(results) }
        try print(
            "over \(counted(count, "seed"))\n\n\(results.table)\nsaved to \(outputDir), a model in each seed-<n>"
        )
    }
}
