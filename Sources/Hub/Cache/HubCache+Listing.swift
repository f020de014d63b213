import Files
public import Foundation

extension HubCache {
    /// A repository that is in the cache, complete or partial.
    public struct Entry: Sendable, Equatable {
        /// `org/name`, or `datasets/org/name`.
        public var name: String
        /// The bytes that deleting it frees.
        public var byteCount: Int
        /// The branches and tags that were requested.
        public var revisions: [String]
        /// The last time that one of its files was written.
        public var lastUsed: Date
    }

    /// Lists the repositories in the cache by name.
    ///
    /// - Returns: Models and datasets; other contents of the folder are left out.
    public func repositories() -> [Entry] {
        let path = folder.path(percentEncoded: false)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name -> Entry? in
            let parts = name.split(separator: "--", maxSplits: 1).map(String.init)
            guard parts.count == 2, parts[0] == "models" || parts[0] == "datasets" else { return nil }
            let place = folder.appending(path: name, directoryHint: .isDirectory)
            let id = parts[1].replacing("--", with: "/")
            let (bytes, date) = Self.contents(of: place)
            return Entry(
                name: parts[0] == "models" ? id : "datasets/\(id)",
                byteCount: bytes,
                revisions: Self.files(below: place.appending(path: "refs")),
                lastUsed: date
            )
        }.sorted { $0.name < $1.name }
    }

    /// Deletes a repository.
    ///
    /// A rename hides it immediately; then its files are deleted.
    ///
    /// - Parameter id: The repository.
    /// - Returns: The bytes that were freed.
    /// - Throws: `.notFound` if it is not in the cache; `FileError` if it cannot be deleted.
    public func delete(_ id: RepositoryID) throws -> Int {
        let place = repository(id).folder
        guard FileManager.default.fileExists(atPath: place.path(percentEncoded: false)) else {
            throw HubError(
                .notFound,
                "the cache \(folder.path(percentEncoded: false)) has no \(id.kind.rawValue) \(id.name); `attune hub cache` lists its contents"
            )
        }
        let bytes = Self.contents(of: place).byteCount
        let away = folder.appending(path: ".deleted-\(UInt32.random(in: 0 ... .max))")
        do {
            try FileManager.default.moveItem(at: place, to: away)
            try FileManager.default.removeItem(at: away)
        } catch {
            throw FileError(
                .notAllowed,
                "cannot delete \(place.path(percentEncoded: false)); check its permissions"
            )
        }
        return bytes
    }

    private static func contents(of place: URL) -> (byteCount: Int, date: Date) {
        var bytes = 0
        var date = Date.distantPast
        let blobs = place.appending(path: "blobs").path(percentEncoded: false)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: blobs)) ?? [] {
            let facts = try? FileManager.default.attributesOfItem(atPath: "\(blobs)/\(name)")
            bytes += (facts?[.size] as? Int) ?? 0
            date = max(date, (facts?[.modificationDate] as? Date) ?? date)
        }
        return (bytes, date)
    }

    private static func files(below place: URL) -> [String] {
        let path = place.path(percentEncoded: false)
        guard let found = FileManager.default.enumerator(atPath: path) else { return [] }
        return found.compactMap { $0 as? String }.filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }
}
