public import Foundation

/// A run's output folder and the checkpoints in it.
public struct RunFolder: Sendable {
    private let url: URL

    /// The folder at a place, there or not.
    ///
    /// - Parameter url: The place.
    public init(_ url: URL) { self.url = url }

    /// Where a step's checkpoint stands.
    func checkpoint(_ step: Int) -> URL { url.appending(path: "checkpoint-\(step)") }

    /// The steps that have a checkpoint, in order.
    private var steps: [Int] {
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: url.path(percentEncoded: false))) ?? []
        return names.filter { $0.hasPrefix("checkpoint-") }.compactMap {
            Int($0.dropFirst("checkpoint-".count))
        }.sorted()
    }

    /// The checkpoint of the highest step.
    public var latestCheckpoint: URL? { steps.last.map(checkpoint) }

    /// Removes the oldest checkpoints, never the newest nor the best.
    ///
    /// - Parameters:
    ///   - limit: How many stay; nil keeps all. Where the best is not the newest, two stay at the least.
    ///   - best: The step of the best.
    /// - Throws: The file manager's error.
    ///
    /// Source: `rotate_checkpoints` of transformers 5.23 (trainer_utils.py).
    func prune(keeping limit: Int?, best: Int? = nil) throws {
        guard let limit else { return }
        let steps = steps
        let others = steps.dropLast().filter { $0 != best }
        let protected = steps.count - others.count
        for step in others.prefix(max(0, others.count - max(limit - protected, 0))) {
            try FileManager.default.removeItem(at: checkpoint(step))
        }
    }
}
