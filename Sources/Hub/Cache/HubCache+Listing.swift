import Files
public import Foundation

extension HubCache {
    /// A repository that is here, whole or in part.
    public struct Entry: Sendable, Equatable {
        /// `org/name`, or `datasets/org/name`.
        public var name: String
        /// What deleting it frees.
        public var byteCount: Int
        /// The branches and tags that were asked for.
        public var revisions: [String]
        /// When a file of it was last written.
        public var lastUsed: Date
    }

    /// What is here, by name.
    ///
    /// - Returns: Models and datasets; anything else in the folder is left out.
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

    /// Deletes all of a repository; it is gone at once for whoever looks, and then from the disk.
    ///
    /// - Parameter id: The repository.
    /// - Returns: The bytes that were freed.
    /// - Throws: `.notFound` where it is not here; `FileError` where it cannot be deleted.
    public func delete(_ id: RepositoryID) throws -> Int {
        let place = repository(id).folder
        guard FileManager.default.fileExists(atPath: place.path(percentEncoded: false)) else {
            throw HubError(
                .notFound,
                "the cache \(folder.path(percentEncoded: false)) has no \(id.kind.rawValue) \(id.name); `attune hub cache` lists what it has"
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
