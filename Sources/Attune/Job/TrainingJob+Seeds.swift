import Files
package import Foundation
import JSON
package import ProcessGroups
import Training

// A single run is noisy, because the head's initial weights, dropout and the data order vary. Several seeds show how noisy.
extension TrainingJob {
    /// One repetition of a job.
    package struct SeedRun: Sendable, Equatable {
        /// The seed of the repetition.
        package let seed: UInt64
        /// The zero-based index of the repetition.
        package let index: Int
        /// The number of repetitions.
        package let count: Int
        /// The output folder, `seed-<n>` in the common output folder.
        package let folder: URL
    }

    /// Repeats the job with the recipe's seed, the next number, and so on.
    ///
    /// The head's initial weights, dropout and the data order change with the seed; the split and the sample have their own
    /// seeds and stay the same. Every seed saves a complete model in `seed-<n>`, the same as a run with that seed alone.
    /// `seeds_results.json` contains the metrics of all seeds and is rewritten after each.
    ///
    /// - Parameters:
    ///   - count: The number of seeds, at least 1.
    ///   - folder: The common output folder.
    ///   - resuming: Whether to keep finished seeds and resume an interrupted one from its latest checkpoint; otherwise all
    ///     seeds run again.
    ///   - observers: Creates the observers for a seed, which receive its events.
    ///   - shouldStop: Called after every step. If true, the run saves a checkpoint and stops.
    ///   - shouldSave: Called after every step. If true, the run saves a checkpoint and continues.
    ///   - group: The processes that train together; nil if this process trains alone. Only the first one writes results.
    ///   - emit: Receives the events of every seed.
    /// - Returns: The metrics of all seeds.
    /// - Throws: `TrainingError` if `folder` has seeds of another job; the errors of
    ///   ``run(into:observers:shouldStop:shouldSave:group:emit:)``.
    package func run(
        seeds count: Int,
        into folder: URL,
        resuming: Bool = false,
        observers: (SeedRun) -> [any RunObserver] = { _ in [] },
        shouldStop: () -> Bool = { false },
        shouldSave: () -> Bool = { false },
        group: ProcessGroup? = nil,
        emit: (SeedRun, Event) throws -> Void
    ) throws -> SeedResults {
        guard count > 0 else { throw TrainingError(.badArgument, "--seeds must be at least 1") }
        let isFirst = group?.isFirst ?? true
        if !resuming, isFirst { try requireFree(folder) }
        let file = folder.appending(path: "seeds_results.json")
        var job = self
        job.worldSize = group?.size ?? 1
        // All seeds learn from the same logits.
        job.teacherLogits =
            teacherLogits ?? folder.appending(path: Self.teacherLogitsName, directoryHint: .isDirectory)
        let settings = job.settings
        var results = SeedResults()
        // Reading finished seeds throws an error if they belong to another job.
        let isOwn = resuming && FileManager.default.fileExists(atPath: file.path(percentEncoded: false))
        if resuming, isFirst { results = try finished(in: file, settings) }
        if let group { try results.share(in: group) }
        var hasBegun = resuming
        // Keeps out a second run of seeds, and shows readers of the folder that more seeds follow.
        var claim: FolderClaim?
        defer { withExtendedLifetime(claim) {} }
        let done = results.rows
        results.rows = []
        for index in 0..<count {
            let run = SeedRun(
                seed: recipe.seed &+ UInt64(index),
                index: index,
                count: count,
                folder: folder.appending(
                    path: "seed-\(recipe.seed &+ UInt64(index))",
                    directoryHint: .isDirectory
                )
            )
            if let row = done.first(where: { $0.seed == run.seed }) {
                try emit(run, .note("seed \(run.seed), \(index + 1) of \(count): already done"))
                results.rows.append(row)
                continue
            }
            try emit(run, .note("seed \(run.seed), \(index + 1) of \(count)"))
            job.overwritesOutputFolder = overwritesOutputFolder || isOwn
            let row = try job.row(of: run, resuming: resuming, observers(run), shouldStop, shouldSave, group)
            {
                run,
                event in
                if isFirst, claim == nil, case .run(.started) = event {
                    claim = try RunFolder(folder).claim()
                }
                if isFirst, !hasBegun, case .run(.started) = event {
                    // The seed's own run has already emptied the seed's folder.
                    try OutputFolder(folder).removeFormerRun(except: run.folder.lastPathComponent)
                    hasBegun = true
                }
                try emit(run, event)
            }
            guard let row else {
                results.wasInterrupted = true
                return results
            }
            results.rows.append(row)
            guard isFirst else { continue }
            try writeAtomically(Data(results.json(settings: settings).formatted.utf8), to: file)
        }
        return results
    }

    /// Runs one seed; returns nil if it was stopped.
    private func row(
        of run: SeedRun,
        resuming: Bool,
        _ observers: [any RunObserver],
        _ shouldStop: () -> Bool,
        _ shouldSave: () -> Bool,
        _ group: ProcessGroup?,
        _ emit: (SeedRun, Event) throws -> Void
    ) throws -> SeedResults.Row? {
        // In a group the processes agree on that after the first step.
        if group == nil, shouldStop() { return nil }
        var job = self
        job.recipe.seed = run.seed
        job.recipe.dataSeed = recipe.dataSeed.map { $0 &+ UInt64(run.index) }
        job.resumesFromLatest = resuming
        job.repetition = RunSnapshot.Repetition(seed: run.seed, index: run.index, count: run.count)
        let result = try job.run(
            into: run.folder,
            observers: observers,
            shouldStop: shouldStop,
            shouldSave: shouldSave,
            group: group
        ) { try emit(run, $0) }
        guard !result.outcome.wasInterrupted, !result.wasEvaluationStopped else { return nil }
        let unwanted = ["eval_runtime", "eval_samples_per_second"]
        let measured = (result.evaluation?.values() ?? []).filter {
            !unwanted.contains($0.name) && $0.value.isFinite
        }
        .map { NamedValue(name: $0.name, value: $0.value) }
        // The same order as in the file, so that new rows and read rows are equal.
        .sorted { $0.name < $1.name }
        let trained = [NamedValue(name: "train_loss", value: result.outcome.meanLoss)]
        return SeedResults.Row(seed: run.seed, values: measured.isEmpty ? trained : measured)
    }

    /// The seeds that an earlier run of the same job finished.
    private func finished(in file: URL, _ settings: [String: String]) throws -> SeedResults {
        let path = file.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else { return SeedResults() }
        guard let document = try? JSONValue.parse(Data(contentsOf: file)) else {
            throw TrainingError(.badCheckpoint, "\(path) is damaged; remove it to run all seeds again")
        }
        let (results, before) = SeedResults.read(document)
        let changed = Set(before.keys).union(settings.keys).filter { before[$0] != settings[$0] }.sorted()
        guard changed.isEmpty else {
            let shown = changed.prefix(3).map {
                "\($0) was \(before[$0] ?? "unset") and is \(settings[$0] ?? "unset")"
            }
            throw TrainingError(
                .badCheckpoint,
                "\(path) belongs to another job: \(shown.joined(separator: "; ")). Give another output folder, or leave out "
                    + "--resume-from-checkpoint to run all seeds again"
            )
        }
        return results
    }

    /// The settings that identify the job, without those that change no number.
    private var settings: [String: String] {
        var recipe = recipe
        (recipe.reports, recipe.saving.writesReplayFile, recipe.push) = ([], true, nil)
        recipe.comparesBaseline = true
        recipe.reportsTexts = false
        recipe.teacher?.logitsFolder = nil
        let exchange = recipe.processes
        recipe.processes = Recipe.Processes()
        recipe.processes.compression = exchange.compression
        var settings = Dictionary(
            uniqueKeysWithValues: Recipe.settings.map { ($0.name, $0.read(recipe)?.text ?? "none") }
        )
        // A step has the batch of every process.
        if worldSize > 1 { settings["world_size"] = "\(worldSize)" }
        return settings
    }
}

extension SeedResults {
    /// Takes the finished seeds of the group's first process, so that all processes leave out the same ones.
    ///
    /// Metrics are not shared: only the first process writes them.
    fileprivate mutating func share(in group: ProcessGroup) throws {
        let own = rows.map { "\($0.seed)" }.joined(separator: "\n")
        let shared = try group.shared(Array(own.utf8), "the finished seeds")
        guard !group.isFirst else { return }
        rows = String(decoding: shared, as: UTF8.self).split(separator: "\n")
            .compactMap { UInt64($0) }.map { Row(seed: $0, values: []) }
    }
}
