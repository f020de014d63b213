import Evaluation
import Files
package import Foundation
package import Hub
import Synchronization
import Training

/// Pushes a run's model to the Hub during training, one push at a time.
///
/// A failed push does not stop the run.
///
/// A checkpoint is pushed from hard links to its files, which remain when the run deletes the checkpoint.
package final class HubPusher: Sendable {
    /// A checkpoint that is waiting or being pushed.
    private struct Push {
        var name: String
        /// The folder of links to its files.
        var folder: URL
        var uploads: [UploadOptions]
    }

    private struct State {
        var waiting: [Push] = []
        var task: Task<Void, Never>?
        var notes: [String] = []
    }

    /// The repository, with its owner.
    package let repository: RepositoryID
    private let settings: HubClient.Settings
    private let strategy: PushStrategy
    private let folder: URL
    private let links: URL
    private let state = Mutex(State())

    /// Files in the output folder that are not part of the model, among them those that show the evaluated rows.
    private static let left = [
        "checkpoint-*", "replay-step-*", "\(TrainingJob.teacherLogitsName)/*", ScoredRows.fileName,
        RunReportPage.fileName, "_*",
    ]
    /// Weights of an earlier model in the repository, which would remain next to the new ones.
    private static let stale = [
        "model.safetensors", "model-*-of-*.safetensors", "shard-*-model-*-of-*.safetensors",
        "model.safetensors.index.json", "config.json",
        "adapter_model.safetensors", "adapter_config.json",
    ]

    /// Checks before the first step that the run may push.
    ///
    /// - Parameters:
    ///   - push: The repository, which is created if it does not exist, and the contents and times of pushes.
    ///   - folder: The run's output folder.
    ///   - environment: The Hub and its cache.
    /// - Throws: ``SettingError`` for an invalid repository name; ``HubError`` with a remedy.
    package init(_ push: Recipe.Push, from folder: URL, in environment: HubEnvironment) async throws {
        let id = try push.repositoryID(for: folder)
        let settings = try HubClient.Settings(
            environment: environment,
            token: try await Token.find(in: environment)
        )
        repository = try await HubClient.with(settings) {
            // Nil leaves the choice to the owner's settings.
            try await $0.prepareWriting(to: id, isPrivate: push.isPrivate ? true : nil)
        }
        (self.settings, strategy, self.folder) = (settings, push.strategy, folder)
        links = folder.appending(path: ".pushing", directoryHint: .isDirectory)
    }

    // MARK: During training

    /// Queues saved checkpoints for pushing.
    ///
    /// - Parameter event: An event of the run, which owns the folder by then.
    func receive(_ event: RunEvent) {
        switch event {
        // A killed run may have left links.
        case .started: removeLinks()
        case .saved(let checkpoint): push(checkpoint)
        default: break
        }
    }

    private func push(_ checkpoint: URL) {
        guard strategy != .end else { return }
        let name = checkpoint.lastPathComponent
        let step = name.split(separator: "-").last ?? ""
        var uploads = [
            UploadOptions(
                selection: .matching([], except: RunFolder.stateFiles),
                deleting: Self.stale,
                message: "Training in progress, step \(step)"
            )
        ]
        if strategy != .everySave {
            let place = strategy == .checkpoint ? "last-checkpoint" : name
            uploads.append(
                UploadOptions(
                    pathInRepository: place,
                    deleting: ["\(place)/*"],
                    message: "Training in progress, step \(step), checkpoint"
                )
            )
        }
        do {
            let push = Push(name: name, folder: try link(checkpoint), uploads: uploads)
            state.withLock { state in
                // A newer checkpoint replaces those that are still waiting.
                if strategy != .allCheckpoints {
                    for old in state.waiting { try? FileManager.default.removeItem(at: old.folder) }
                    state.waiting = []
                }
                state.waiting.append(push)
                if state.task == nil { state.task = Task.detached { await self.work() } }
            }
        } catch {
            note("\(name) cannot be pushed: \(error); training continues")
        }
    }

    /// Returns the notes since the last call.
    package func takeNotes() -> [String] {
        state.withLock { state in
            defer { state.notes = [] }
            return state.notes
        }
    }

    private func work() async {
        while let push = state.withLock({ state in
            if state.waiting.isEmpty { state.task = nil }
            return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
        }) {
            do {
                try await HubClient.with(settings) { client in
                    for options in push.uploads {
                        _ = try await client.upload(push.folder, to: self.repository, options)
                    }
                }
                note("pushed \(push.name) to \(repository)")
            } catch {
                // The links may be gone because the run is over.
                if !Task.isCancelled { note("pushing \(push.name) failed: \(error); training continues") }
            }
            try? FileManager.default.removeItem(at: push.folder)
        }
    }

    private func note(_ text: String) { state.withLock { $0.notes.append(text) } }

    private func link(_ checkpoint: URL) throws -> URL {
        let folder = links.appending(path: checkpoint.lastPathComponent, directoryHint: .isDirectory)
        try? FileManager.default.removeItem(at: folder)
        try makeFolder(folder)
        for file in try FileManager.default.contentsOfDirectory(
            at: checkpoint,
            includingPropertiesForKeys: nil
        ) {
            try FileManager.default.linkItem(at: file, to: folder.appending(path: file.lastPathComponent))
        }
        return folder
    }

    private func removeLinks() { try? FileManager.default.removeItem(at: links) }

    // MARK: After training

    /// Cancels all pushes, because the run was stopped.
    ///
    /// The next push sends the missing files.
    package func cancel() {
        state.withLock { state in
            state.waiting = []
            state.task?.cancel()
            state.task = nil
        }
        removeLinks()
    }

    /// Pushes the saved model, after the push in progress.
    ///
    /// - Parameters:
    ///   - shouldStop: Called many times a second.
    ///   - progress: Receives the progress of the upload.
    /// - Returns: The commit, or nil if the push was stopped.
    /// - Throws: ``HubError``, `FileError`.
    package func finish(
        shouldStop: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) async throws -> UploadedCommit? {
        defer { cancel() }
        let task = Task.detached { [self] in
            let running = state.withLock { state in
                if strategy != .allCheckpoints { state.waiting = [] }
                return state.task
            }
            await running?.value
            return try await HubClient.with(settings) { client in
                try await client.upload(
                    self.folder,
                    to: self.repository,
                    UploadOptions(
                        selection: .matching([], except: Self.left),
                        deleting: Self.stale,
                        message: "End of training"
                    ),
                    report: progress
                )
            }
        }
        let watcher = Task.detached {
            while !Task.isCancelled {
                if shouldStop() { return task.cancel() }
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        defer { watcher.cancel() }
        do {
            return try await task.value
        } catch  where task.isCancelled {
            return nil
        }
    }

    /// The outcome of ``finish(shouldStop:progress:)``; nil if the push was stopped.
    func result(
        shouldStop: @escaping @Sendable () -> Bool
    ) async -> Result<UploadedCommit, any Error>? {
        do { return try await finish(shouldStop: shouldStop).map { .success($0) } } catch {
            return .failure(error)
        }
    }

    /// The shell command that repeats the last push.
    ///
    /// - Parameters:
    ///   - folder: The output folder as typed.
    ///   - program: The program's name as typed.
    /// - Returns: One line.
    package func repetition(of folder: String, program: String) -> String {
        let words =
            [program, "hub", "upload", folder, "\(repository)"] + Self.left.flatMap { ["--exclude", $0] }
            + Self.stale.flatMap { ["--delete", $0] }
        return words.map(shellQuoted).joined(separator: " ")
    }
}
