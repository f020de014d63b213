import Checkpoints
import Foundation
package import Hub

extension ModelSource {
    /// Returns the path of an adapter's base model on this machine; downloads it if necessary.
    ///
    /// - Parameters:
    ///   - path: A model's path on this machine.
    ///   - named: The base model that a person named; nil takes the one that the adapter names.
    ///   - environment: The Hub and its cache.
    ///   - selection: The files to download.
    ///   - progress: Receives the progress of downloads.
    /// - Returns: A folder or a `.gguf` or `.attune` file; nil for a whole model, or if the adapter's own name is a path.
    /// - Throws: `HubError`; `CheckpointError` for an adapter that cannot be read.
    package static func basePath(
        ofModelAt path: String,
        named: ModelSource? = nil,
        in environment: HubEnvironment,
        _ selection: FileSelection = .model,
        progress: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) async throws -> String? {
        let folder = URL(filePath: path, directoryHint: .isDirectory)
        let file = folder.appending(path: AdapterConfiguration.fileName).path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        if let named { return try await named.path(in: environment, selection, progress: progress) }
        let whole = folder.appending(path: "config.json").path(percentEncoded: false)
        guard !FileManager.default.fileExists(atPath: whole) else { return nil }
        let configuration = try AdapterConfiguration.read(folder: folder).configuration
        guard let name = configuration.baseModel else { return nil }
        let source = ModelSource(name + (configuration.baseRevision.map { "@" + $0 } ?? ""))
        guard source.hubID != nil else { return nil }
        return try await source.path(in: environment, selection, progress: progress)
    }
}
