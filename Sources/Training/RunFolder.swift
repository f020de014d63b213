public import Files
public import Foundation

/// A run's output folder and the checkpoints in it.
///
/// A checkpoint with its name is always complete. It is written, and removed, under a hidden name that ends in `incomplete`;
/// a checkpoint that it replaces is kept meanwhile under a name that ends in `replaced`.
public struct RunFolder: Sendable {
    private let url: URL

    /// Describes a folder, which need not exist.
    ///
    /// - Parameter url: The folder.
    public init(_ url: URL) { self.url = url }

    /// Patterns of the files of a checkpoint besides the model, which a run needs to resume.
    public static let stateFiles = TrainerState.fileNames

    /// The folder of a step's checkpoint.
    func checkpoint(_ step: Int) -> URL { url.appending(path: "checkpoint-\(step)") }

    /// The names of all files in the folder.
    private var names: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: url.path(percentEncoded: false))) ?? []
    }

    /// The steps with a checkpoint, in order.
    private var steps: [Int] { names.compactMap { Self.step(of: $0, in: "checkpoint-") }.sorted() }

    private static func step(of name: String, in prefix: String) -> Int? {
        name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count)) : nil
    }

    /// The checkpoint of the highest step.
    public var latestCheckpoint: URL? { steps.last.map(checkpoint) }

    /// The total size of all checkpoints in bytes.
    public var bytesOfCheckpoints: Int {
        steps.reduce(0) { sum, step in
            let files = try? FileManager.default.contentsOfDirectory(
                at: checkpoint(step),
                includingPropertiesForKeys: [.fileSizeKey]
            )
            return (files ?? []).reduce(sum) {
                $0 + ((try? $1.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0)
            }
        }
    }

    /// The hidden name of a step's checkpoint in a state.
    private func hidden(_ step: Int, _ state: String) -> URL {
        url.appending(path: ".checkpoint-\(step).\(ProcessInfo.processInfo.processIdentifier).\(state)")
    }

    /// Claims the folder for a run, so that no other run writes there, and removes unfinished files of killed runs.
    ///
    /// - Returns: The claim, which lasts as long as the value lives.
    /// - Throws: `.inputOutput` if another run has claimed it; `.notAllowed` or `.diskFull` if the folder cannot be written.
    public func claim() throws(FileError) -> FolderClaim {
        let claim = try FolderClaim(url)
        try tidy()
        return claim
    }

    /// Removes checkpoints that a killed run was writing or removing, and restores one that it was about to replace.
    func tidy() throws(FileError) {
        removeTemporaries(in: url)
        for name in names where name.hasPrefix(".checkpoint-") {
            let parts = name.dropFirst().split(separator: ".")
            guard parts.count == 3, let step = Self.step(of: String(parts[0]), in: "checkpoint-") else {
                continue
            }
            let left = url.appending(path: name)
            switch parts[2] {
            case "replaced" where !exists(checkpoint(step)): try move(left, to: checkpoint(step))
            case "replaced", "incomplete": try remove(left)
            default: continue
            }
        }
    }

    /// Creates a step's checkpoint atomically: writes a folder under another name and renames it.
    ///
    /// - Parameters:
    ///   - step: The step; an existing checkpoint of that step is replaced.
    ///   - write: Writes the files into the given folder.
    /// - Returns: The checkpoint's folder.
    /// - Throws: The errors of `write`; `FileError`. In that case no files remain.
    func makeCheckpoint(_ step: Int, _ write: (URL) throws -> Void) throws -> URL {
        let temporary = hidden(step, "incomplete")
        do {
            try write(temporary)
            return try publish(temporary, as: step)
        } catch {
            try? FileManager.default.removeItem(at: temporary)
            throw error
        }
    }

    /// The hidden name of a checkpoint to which several processes write, which ``tidy()`` removes.
    ///
    /// - Parameters:
    ///   - step: The step.
    ///   - attempt: A number that no process of a killed attempt knows, which may still be writing.
    /// - Returns: The name.
    static func draftName(_ step: Int, attempt: UInt32) -> String {
        ".checkpoint-\(step).\(ProcessInfo.processInfo.processIdentifier)-\(attempt).incomplete"
    }

    /// Gives a complete checkpoint its name.
    ///
    /// - Parameters:
    ///   - draft: The checkpoint under another name in this folder.
    ///   - step: The step; an existing checkpoint of that step is replaced.
    /// - Returns: The checkpoint's folder.
    /// - Throws: `FileError`.
    func publish(_ draft: URL, as step: Int) throws(FileError) -> URL {
        syncFolder(draft)
        let (place, replaced) = (checkpoint(step), hidden(step, "replaced"))
        let isThere = exists(place)
        if isThere { try move(place, to: replaced) }
        try move(draft, to: place)
        syncFolder(url)
        if isThere { try remove(replaced) }
        return place
    }

    /// Removes the oldest checkpoints, but never the newest or the best.
    ///
    /// - Parameters:
    ///   - limit: The number of checkpoints to keep; nil keeps all. If the best is not the newest, at least two are kept.
    ///   - newest: The step that was saved last. Checkpoints of higher steps are from an earlier run and older.
    ///   - best: The step of the best checkpoint.
    /// - Throws: `FileError`.
    ///
    /// Source: `rotate_checkpoints` of transformers 5.23 (trainer_utils.py).
    func prune(keeping limit: Int?, newest: Int, best: Int? = nil) throws(FileError) {
        guard let limit else { return }
        let steps = steps
        let byAge = steps.filter { $0 > newest } + steps.filter { $0 <= newest }
        let others = byAge.filter { $0 != best && $0 != newest }
        let protected = steps.count - others.count
        for step in others.prefix(max(0, others.count - max(limit - protected, 0))) {
            let leaving = hidden(step, "incomplete")
            try move(checkpoint(step), to: leaving)
            try remove(leaving)
        }
    }

    private func exists(_ place: URL) -> Bool {
        FileManager.default.fileExists(atPath: place.path(percentEncoded: false))
    }

    private func remove(_ place: URL) throws(FileError) {
        do { try FileManager.default.removeItem(at: place) } catch { throw FileError(changing: place, error) }
    }

    private func move(_ place: URL, to other: URL) throws(FileError) {
        do { try FileManager.default.moveItem(at: place, to: other) } catch {
            throw FileError(changing: place, error)
        }
    }
}
