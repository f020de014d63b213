import Files
public import Foundation

extension HubClient {
    /// The result of a download.
    public struct Snapshot: Sendable, Equatable {
        /// The folder, laid out like the repository.
        public var folder: URL
        /// The commit.
        public var commit: String
        /// The paths of the selected files in the folder.
        public var files: [String]
    }

    /// Makes sure that the selected files of a repository are on this machine.
    ///
    /// Cached files are not downloaded again. A full commit hash that is in the cache needs no request. If the Hub cannot be
    /// reached or the network may not be used, a revision means the commit that it pointed to when the Hub was last asked.
    ///
    /// - Parameters:
    ///   - id: The repository and its revision.
    ///   - selection: The files to download.
    ///   - report: Receives the events, from several tasks.
    /// - Returns: The downloaded files.
    /// - Throws: ``HubError`` or `FileError`. Incomplete or corrupt files never become visible.
    public func snapshot(
        of id: RepositoryID,
        _ selection: FileSelection = .all,
        report: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) async throws -> Snapshot {
        let cached = cache.repository(id)
        do {
            let commit: String
            if let named = id.commit, cached.files(at: named) != nil {
                commit = named
            } else {
                commit = try await self.commit(of: id)
            }
            let files = try await listed(id, at: commit, report)
            keep(report) { () throws(FileError) in try cached.remember(id.revision, standsAt: commit) }
            return try await fetch(selection, from: files, of: id, at: commit, report)
        } catch let error as HubError where error.code == .unreachable || error.code == .offline {
            guard let found = try? present(selection, of: id) else { throw error }
            return found
        }
    }

    /// Makes sure that one file of a repository is on this machine.
    ///
    /// - Parameters:
    ///   - name: Its path in the repository.
    ///   - id: The repository and its revision.
    ///   - report: Receives the events.
    /// - Returns: The file's place.
    /// - Throws: `.badName` if the name leads out of a folder; otherwise ``HubError`` or `FileError`.
    public func file(
        _ name: String,
        of id: RepositoryID,
        report: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) async throws -> URL {
        guard isRelativePath(name) else {
            throw HubError(
                .badName,
                "\"\(shown(name))\" is not a path in a repository; give one such as data/train.csv"
            )
        }
        let cached = cache.repository(id)
        if let commit = id.commit, case .present(let place) = cached.file(name, at: commit) { return place }
        do {
            let head = try await head(of: name, in: id)
            keep(report) { () throws(FileError) in
                try cached.remember(id.revision, standsAt: head.commit)
            }
            if case .present(let place) = cached.file(name, at: head.commit) { return place }
            let wanted = WantedFile(
                id: id,
                name: name,
                commit: head.commit,
                entityTag: head.entityTag,
                byteCount: head.byteCount
            )
            report(.planned(files: 1, byteCount: head.byteCount ?? 0))
            try requireFreeSpace(head.byteCount ?? 0, at: cache.folder)
            return try await fetch(wanted, report)
        } catch let error as HubError where error.code == .unreachable || error.code == .offline {
            if let commit = cached.commit(of: id.revision) {
                switch cached.file(name, at: commit) {
                case .present(let place): return place
                case .absent:
                    throw HubError(
                        .notFound,
                        "the \(id.kind.rawValue) \(id) had no file \(shown(name)) when the Hub was last asked"
                    )
                case .unknown: break
                }
            }
            throw error
        }
    }

    /// Returns a commit's files, from the cache or from the Hub; the cache then remembers them.
    private func listed(
        _ id: RepositoryID,
        at commit: String,
        _ report: @Sendable (TransferEvent) -> Void
    ) async throws -> [RemoteFile] {
        let cached = cache.repository(id)
        if let files = cached.files(at: commit) { return files }
        let files = try await files(of: id, at: commit)
        keep(report) { () throws(FileError) in try cached.remember(files, at: commit) }
        return files
    }

    /// Stores something in the cache.
    ///
    /// If the cache cannot be written, read-only for example, the download continues without it.
    ///
    /// Source: `_cache_commit_hash_for_specific_revision` and `snapshot_download` of huggingface_hub, which warn.
    private func keep(
        _ report: @Sendable (TransferEvent) -> Void,
        _ remember: () throws(FileError) -> Void
    ) {
        do throws(FileError) { try remember() } catch { report(.notKept(reason: error.message)) }
    }

    private func fetch(
        _ selection: FileSelection,
        from files: [RemoteFile],
        of id: RepositoryID,
        at commit: String,
        _ report: @escaping @Sendable (TransferEvent) -> Void
    ) async throws -> Snapshot {
        let cached = cache.repository(id)
        let names = try selection.apply(to: files.map(\.name), of: id)
        let byName = Dictionary(files.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let missing = names.compactMap { byName[$0] }.filter {
            if case .present = cached.file($0.name, at: commit) { false } else { true }
        }
        let absent = Set(
            missing.filter {
                !FileManager.default.fileExists(atPath: cached.blob($0.entityTag).path(percentEncoded: false))
            }.map(\.entityTag)
        )
        if !missing.isEmpty {
            report(.planned(files: missing.count, byteCount: missing.reduce(0) { $0 + $1.byteCount }))
            // Files with the same contents are downloaded once.
            let bytes = Dictionary(
                missing.map { ($0.entityTag, $0.byteCount) },
                uniquingKeysWith: { first, _ in first }
            )
            try requireFreeSpace(
                bytes.filter { absent.contains($0.key) }.values.reduce(0, +),
                at: cache.folder
            )
        }
        // Largest first, so that a small file is the last to finish.
        let queue = missing.sorted { $0.byteCount > $1.byteCount }
        try await concurrently(queue, limit: settings.connections) { next in
            let wanted = WantedFile(
                id: id,
                name: next.name,
                commit: commit,
                entityTag: next.entityTag,
                byteCount: next.byteCount
            )
            _ = try await fetch(wanted, report)
        }
        return Snapshot(folder: cached.snapshot(commit), commit: commit, files: names)
    }

    /// Returns the snapshot in the cache, if it has all selected files.
    private func present(_ selection: FileSelection, of id: RepositoryID) throws -> Snapshot? {
        let cached = cache.repository(id)
        guard let commit = cached.commit(of: id.revision) else { return nil }
        // Without a list of the commit's files, only the files present are known.
        let listed = cached.files(at: commit)?.map(\.name) ?? cached.namesPresent(at: commit)
        let names = try selection.apply(to: listed, of: id)
        let isWhole = names.allSatisfy {
            if case .present = cached.file($0, at: commit) { true } else { false }
        }
        guard isWhole, !names.isEmpty else { return nil }
        return Snapshot(folder: cached.snapshot(commit), commit: commit, files: names)
    }
}
