public import Files
public import Foundation

/// A run's output folder and the checkpoints in it.
///
/// A checkpoint is whole from the moment it has its name until the moment it loses it: it is written, and taken away, under
/// a hidden name that ends in `incomplete`, and what it takes the place of waits under one that ends in `replaced`.
public struct RunFolder: Sendable {
    private let url: URL

    /// The folder at a place, there or not.
    ///
    /// - Parameter url: The place.
    public init(_ url: URL) { self.url = url }

    /// What a checkpoint holds beside a model: the files that a run goes on from.
    public static let stateFiles = TrainerState.fileNames

    /// Where a step's checkpoint stands.
    func checkpoint(_ step: Int) -> URL { url.appending(path: "checkpoint-\(step)") }

    /// Everything that lies in the folder.
    private var names: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: url.path(percentEncoded: false))) ?? []
    }

    /// The steps that have a checkpoint, in order.
    private var steps: [Int] { names.compactMap { Self.step(of: $0, in: "checkpoint-") }.sorted() }

    private static func step(of name: String, in prefix: String) -> Int? {
        name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count)) : nil
    }

    /// The checkpoint of the highest step.
    public var latestCheckpoint: URL? { steps.last.map(checkpoint) }

    /// Bytes of all checkpoints.
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

    /// A step's hidden name.
    private func hidden(_ step: Int, _ state: String) -> URL {
        url.appending(path: ".checkpoint-\(step).\(ProcessInfo.processInfo.processIdentifier).\(state)")
    }

    /// Takes the folder for a run: nobody else writes there meanwhile, and what killed runs left unfinished is gone.
    ///
    /// - Returns: Holds the folder for as long as it lives.
    /// - Throws: `.inputOutput` where another run has it; `.notAllowed` or `.diskFull` where nothing can be written.
    public func claim() throws(FileError) -> FolderClaim {
        let claim = try FolderClaim(url)
        try tidy()
        return claim
    }

    /// Removes what a killed run was writing or taking away; puts back what it was about to replace.
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

    /// Makes a step's checkpoint of what is written into a folder under another name: it appears whole or not at all.
    ///
    /// - Parameters:
    ///   - step: Its step; a checkpoint of that step makes way.
    ///   - write: Fills the folder that it is given.
    /// - Returns: Its place.
    /// - Throws: What `write` throws; `FileError`. Nothing is left behind then.
    func makeCheckpoint(_ step: Int, _ write: (URL) throws -> Void) throws -> URL {
        let (temporary, place) = (hidden(step, "incomplete"), checkpoint(step))
        do {
            try write(temporary)
            syncFolder(temporary)
            let replaced = hidden(step, "replaced")
            let isThere = exists(place)
            if isThere { try move(place, to: replaced) }
            try move(temporary, to: place)
            syncFolder(url)
            if isThere { try remove(replaced) }
        } catch {
            try? FileManager.default.removeItem(at: temporary)
            throw error
        }
        return place
    }

    /// Removes the oldest checkpoints, never the newest nor the best.
    ///
    /// - Parameters:
    ///   - limit: How many stay; nil keeps all. Where the best is not the newest, two stay at the least.
    ///   - newest: The step that was saved last; checkpoints of higher steps are of an earlier run, and older.
    ///   - best: The step of the best.
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
