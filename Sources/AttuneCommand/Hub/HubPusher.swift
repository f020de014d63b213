import Attune
import Files
import Foundation
import Hub
import Synchronization

/// Sends a run's model to the Hub beside training, one push at a time; a push that fails stops nothing.
///
/// A checkpoint is pushed from hard links to its files, which stay when the run takes the checkpoint away.
final class HubPusher: Sendable {
    /// A checkpoint that waits or is on its way.
    private struct Push {
        var name: String
        /// The links to its files.
        var folder: URL
        var uploads: [UploadOptions]
    }

    private struct State {
        var waiting: [Push] = []
        var task: Task<Void, Never>?
        var notes: [String] = []
    }

    /// The repository, with its owner.
    let repository: RepositoryID
    private let settings: HubClient.Settings
    private let strategy: HubStrategy
    private let links: URL
    private let state = Mutex(State())

    /// What a run leaves in its output folder that is no part of the model.
    private static let left = ["checkpoint-*", "replay-step-*", "_*"]
    /// Weights of an earlier model that would stand beside the new ones.
    private static let stale = [
        "model.safetensors", "model-*-of-*.safetensors", "model.safetensors.index.json",
    ]

    /// Makes sure that the run may push, before its first step.
    ///
    /// - Parameters:
    ///   - id: The repository; it is created if need be.
    ///   - isPrivate: Whether a new one is shown to its owner only; nil for what the owner's settings say.
    ///   - strategy: What is sent, and when.
    ///   - folder: The run's output folder.
    /// - Throws: ``HubError`` with what to do.
    init(_ id: RepositoryID, isPrivate: Bool?, _ strategy: HubStrategy, folder: URL) throws {
        (repository, settings) = try waiting {
            let environment = HubOptions.environment
            let settings = try HubClient.Settings(
                environment: environment,
                token: try await Token.find(in: environment)
            )
            let owned = try await HubClient.with(settings) {
                try await $0.prepareWriting(to: id, isPrivate: isPrivate)
            }
            return (owned, settings)
        }
        self.strategy = strategy
        links = folder.appending(path: ".pushing", directoryHint: .isDirectory)
    }

    // MARK: Beside training

    /// Takes away what a killed run was pushing; the folder is this run's now.
    func begin() { removeLinks() }

    /// Takes a checkpoint that the run has saved, and goes on at once.
    ///
    /// - Parameter checkpoint: Its folder.
    func push(_ checkpoint: URL) {
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
                // Nobody waits for what a newer one replaces.
                if strategy != .allCheckpoints {
                    for old in state.waiting { try? FileManager.default.removeItem(at: old.folder) }
                    state.waiting = []
                }
                state.waiting.append(push)
                if state.task == nil { state.task = Task.detached { await self.work() } }
            }
        } catch {
            note("\(name) cannot be pushed: \(error); training goes on")
        }
    }

    /// What there is to tell since it was last asked.
    func takeNotes() -> [String] {
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
                if !Task.isCancelled { note("pushing \(push.name) failed: \(error); training goes on") }
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

    // MARK: When training is over

    /// Leaves what is on its way: the run was stopped, and the next push makes up for it.
    func cancel() {
        state.withLock { state in
            state.waiting = []
            state.task?.cancel()
            state.task = nil
        }
        removeLinks()
    }

    /// Sends the saved model, after what is on its way.
    ///
    /// - Parameters:
    ///   - folder: The output folder.
    ///   - shouldStop: Asked many times a second.
    /// - Returns: Where it is, or nil where it was stopped.
    /// - Throws: ``HubError``, `FileError`.
    func pushFinal(_ folder: URL, shouldStop: @escaping @Sendable () -> Bool) throws -> UploadedCommit? {
        defer { cancel() }
        let progress = HubProgress(.uploading)
        let task = Task.detached { [self] in
            let running = state.withLock { state in
                if strategy != .allCheckpoints { state.waiting = [] }
                return state.task
            }
            if let running {
                writeToStandardError("waiting for the last checkpoint's push\n")
                await running.value
            }
            return try await HubClient.with(settings) { client in
                try await client.upload(
                    folder,
                    to: self.repository,
                    UploadOptions(
                        selection: .matching([], except: Self.left),
                        deleting: Self.stale,
                        message: "End of training"
                    )
                ) { progress.show($0) }
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
            return try waiting { try await task.value }
        } catch  where task.isCancelled {
            return nil
        }
    }

    /// The command that repeats the last push, to be pasted into a shell.
    ///
    /// - Parameters:
    ///   - folder: The output folder, as it was given.
    ///   - program: As it was called.
    /// - Returns: One line.
    func repetition(of folder: String, program: String) -> String {
        let words =
            [program, "hub", "upload", folder, "\(repository)"] + Self.left.flatMap { ["--exclude", $0] }
            + Self.stale.flatMap { ["--delete", $0] }
        return words.map(shellQuoted).joined(separator: " ")
    }
}
