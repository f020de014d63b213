import ArgumentParser
import Attune
import Foundation
import ProcessGroups

// Several processes that a launcher started train one model.
extension TrainCommand {
    /// Trains together with the other processes.
    ///
    /// Ends this process at once after an error, because the group cannot be used any more then.
    ///
    /// - Parameters:
    ///   - line: The command line and its recipe.
    ///   - launch: The launch of this process.
    /// - Throws: An exit code, after the message has been printed.
    func run(_ line: TrainingCommandLine, _ launch: Launch) throws {
        try logRanks?.requireRanks(below: launch.worldSize)
        let console = messages.console(ofRank: launch.rank, logging: logRanks)
        try Console.$current.withValue(console) {
            defer { console.close() }
            if dryRun {
                // A plan needs no other process.
                guard launch.rank == 0 else { return }
                return try reportingFailure(messages) { try train(line, worldSize: launch.worldSize) }
            }
            do { try requireUsable(line, by: launch.worldSize) } catch {
                let failure = RankFailure(error, line)
                launch.report(failure.message)
                failure.endProcess(launch, nil)
            }
            let interrupt = Interrupt()
            let listener = interrupt.listen()
            defer { listener.forEach { $0.cancel() } }
            var member: GroupMember?
            do {
                let joined = try GroupMember(
                    launch,
                    agreeingOn: line.agreedValues,
                    timeout: line.groupTimeout,
                    interrupt
                )
                member = joined
                joined.introduce(threads: threads)
                let isResumed = joined.group.wasRestarted && joined.group.isFirst
                let (command, line) = try isResumed ? resumed(line) : (self, line)
                try command.train(line, worldSize: launch.worldSize, in: joined)
            } catch {
                if member?.hasLeft != true { RankFailure(error, line).endProcess(launch, member?.group) }
                // The others have ended in order, so this is an error of a single process.
                if error is ExitCode { throw error }
                throw reported(error)
            }
        }
    }

    /// Refuses settings that several processes cannot use, before this process waits for the others.
    ///
    /// - Parameters:
    ///   - line: The command line and its recipe.
    ///   - worldSize: The number of processes.
    /// - Throws: ``RecipeError`` or `ValidationError`, which name the flag.
    func requireUsable(_ line: TrainingCommandLine, by worldSize: Int) throws {
        guard line.dataset != nil else {
            _ = try job(line.recipe(), worldSize: worldSize)
            return
        }
        // The settings that are not given depend on the data, and are checked when they have been chosen.
        guard let recipe = line.recipeBeforeDraft() else { return }
        var known = TrainingJob(recipe)
        known.worldSize = worldSize
        do { try known.arguments.validateProcesses() } catch { throw ValidationError(error.message) }
    }

    /// The command of a run that its launcher has started again: it resumes from the latest checkpoint.
    ///
    /// - Parameter line: The command line and its recipe.
    /// - Returns: The command and its line; unchanged if there is nothing to resume.
    /// - Throws: ``RecipeError``.
    func resumed(_ line: TrainingCommandLine) throws -> (TrainCommand, TrainingCommandLine) {
        guard let arguments = try line.argumentsAfterRestart() else { return (self, line) }
        Console.current.note("the launcher has started this run again: it resumes from its latest checkpoint")
        let line = try TrainingCommandLine(arguments)
        return (try TrainCommand.parse(line.arguments), line)
    }

    /// The run of rank 0's recipe, for the other processes.
    ///
    /// - Parameters:
    ///   - member: This process.
    ///   - worldSize: The number of processes.
    /// - Returns: The run, with local paths.
    /// - Throws: `DistributedError`; the errors of downloading.
    func received(by member: GroupMember, _ worldSize: Int) throws -> TrainingJob {
        var job = try job(member.receiveRecipe(), worldSize: worldSize)
        // Only rank 0 reads and writes the output folder.
        (job.checkpoint, job.resumesFromLatest, job.overwritesOutputFolder) = (nil, false, false)
        try member.announcing("downloading") { try Self.download(&job) }
        return job
    }

    /// Trains together with rank 0, which writes and prints everything.
    ///
    /// - Parameters:
    ///   - job: The run.
    ///   - folder: The output folder.
    ///   - member: This process.
    /// - Throws: `ExitCode.interrupted`; the errors of the job.
    func follow(_ job: TrainingJob, into folder: URL, _ member: GroupMember) throws {
        let interrupt = member.interrupt
        var reporter = ConsoleReporter()
        let result = try job.run(
            into: folder,
            shouldStop: { interrupt.isRequested },
            shouldSave: { interrupt.takeCheckpointRequest() },
            group: member.group
        ) { reporter.show($0) }
        try member.leave()
        if result.outcome.wasInterrupted || result.wasEvaluationStopped { throw ExitCode.interrupted }
    }
}
