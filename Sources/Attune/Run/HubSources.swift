import Datasets
import Foundation
public import Hub

extension ModelSource {
    /// The id on the Hub, without a revision; nil for a path.
    public var hubID: String? { Attune.hubID(name) }

    /// Returns the model's path on this machine; downloads it if necessary.
    ///
    /// - Parameters:
    ///   - environment: The Hub and its cache.
    ///   - selection: The files to download.
    ///   - progress: Receives the progress of downloads.
    /// - Returns: A folder, or a `.gguf` or `.attune` file.
    /// - Throws: `HubError`.
    public func path(
        in environment: HubEnvironment,
        _ selection: FileSelection = .model,
        progress: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) async throws -> String {
        let isFile = [".gguf", ".attune"].contains { name.lowercased().hasSuffix($0) }
        guard hubID != nil, !isFile else { return name }
        let snapshot = try await download(name, .model, selection, environment, progress)
        let gguf = snapshot.files.first { $0.lowercased().hasSuffix(".gguf") }
        return plainPath(gguf.map { snapshot.folder.appending(path: $0) } ?? snapshot.folder)
    }
}

extension DataSource {
    /// Whether a name can be a dataset: rows on this machine by their name, or an id of the Hub.
    ///
    /// - Parameter name: A path or an id.
    /// - Returns: False for a recipe's path.
    package static func canBeNamed(_ name: String) -> Bool {
        if Dataset.looksLikeRows(name) { return true }
        let isRecipe = [".yaml", ".yml"].contains { name.lowercased().hasSuffix($0) }
        return !isRecipe && name.contains("/") && Attune.hubID(name) != nil
    }

    /// The id on the Hub, without a revision; nil for a path.
    public var hubID: String? { Attune.hubID(name) }

    /// Returns the dataset's path on this machine; downloads it if necessary.
    ///
    /// - Parameters:
    ///   - environment: The Hub and its cache.
    ///   - progress: Receives the progress of downloads.
    /// - Returns: A file, a folder or a pattern.
    /// - Throws: `HubError`.
    public func path(
        in environment: HubEnvironment,
        progress: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) async throws -> String {
        guard hubID != nil else { return name }
        do {
            return plainPath(try await download(name, .dataset, .dataset, environment, progress).folder)
        } catch let error as HubError where error.code == .unsupported && !name.contains("@") {
            // If the repository's own files are not supported, the Hub may have converted them to Parquet.
            let converted = "\(name)@refs/convert/parquet"
            guard let found = try? await download(converted, .dataset, .dataset, environment, progress) else {
                throw error
            }
            return plainPath(found.folder)
        }
    }
}

private func hubID(_ name: String) -> String? {
    guard !FileManager.default.fileExists(atPath: name) else { return nil }
    let isID = RepositoryID.looksLikeID(name) || PopularNames.canBeID(withoutOwner: name)
    return isID ? name.split(separator: "@").first.map(String.init) : nil
}

/// Returns a path without a slash at its end.
private func plainPath(_ place: URL) -> String {
    let path = place.path(percentEncoded: false)
    return path.hasSuffix("/") ? String(path.dropLast()) : path
}

private func download(
    _ name: String,
    _ kind: RepositoryID.Kind,
    _ selection: FileSelection,
    _ environment: HubEnvironment,
    _ progress: @escaping @Sendable (TransferEvent) -> Void
) async throws -> HubClient.Snapshot {
    do {
        let token = try await Token.find(in: environment)
        return try await HubClient.with(.init(environment: environment, token: token)) { client in
            try await client.snapshot(of: RepositoryID(name, kind: kind), selection, report: progress)
        }
    } catch let error as HubError {
        let named = error.adding("no local file or folder \(name), and on the Hub: ")
        if kind == .model, [.unreachable, .offline].contains(error.code) {
            throw named.adding(
                after: "; a model's folder, .gguf or .attune file on this machine needs no Hub"
            )
        }
        // The Hub answers for a name that does not exist as for one that needs permission.
        guard kind == .model, [.notFound, .notAllowed].contains(error.code),
            let nearest = PopularNames.nearest(to: name)
        else { throw named }
        throw named.adding(after: "; did you mean \(nearest)?")
    }
}
