package import Checkpoints
import Foundation
import Models

/// The facts about an adapter that its own files hold, without its base model.
package struct AdapterSummary {
    /// The settings.
    package let configuration: AdapterConfiguration
    /// The layers with an adapter and their ranks, in the order of the file.
    package let layers: [(path: String, rank: Int)]
    /// The number of weights in the file.
    package let weightCount: Int
    /// The label names by id; empty if the file does not record them, as peft's.
    package let labels: [String]

    /// Reads an adapter's files, but no values of tensors; nil for a whole model.
    ///
    /// - Parameter path: The adapter's folder.
    /// - Throws: ``ModelError`` for a folder without an adapter or a model; `CheckpointError` for a file that cannot be read.
    package init?(path: String) throws {
        switch try ModelPlace(path) {
        case .gguf, .single: return nil
        case .folder(let folder):
            try folder.requireKnownLayout()
            return nil
        case .adapter(let folder):
            configuration = try AdapterConfiguration.read(folder: folder.url).configuration
            let file = try AdapterFolder.weights(in: folder)
            layers = file.tensorNames.compactMap { name in
                guard case .part(let part, let path) = AdapterKey(name).content,
                    part == .a || part == .tableA,
                    let rank = file.info(name)?.shape.first
                else { return nil }
                return (path, rank)
            }
            weightCount = file.tensorNames.reduce(0) { $0 + (file.info($1)?.shape.reduce(1, *) ?? 0) }
            labels = AdapterRecord(file.metadata).labels ?? []
        }
    }
}
