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

    /// Removes the oldest checkpoints.
    ///
    /// - Parameter limit: How many stay; nil keeps all.
    /// - Throws: The file manager's error.
    func prune(keeping limit: Int?) throws {
        guard let limit else { return }
        for step in steps.dropLast(limit) { try FileManager.default.removeItem(at: checkpoint(step)) }
    }
}
