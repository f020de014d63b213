public import Foundation

/// Datasets that were made before, as Arrow files by what they were made of.
///
/// Several runs may share a folder: a file appears whole or not at all, and two runs that make the same one replace
/// it by its like. A damaged file counts as none.
///
/// ```
/// <folder>/<SHA-256 of what it was made of>.arrow
/// ```
public struct DatasetCache: Sendable {
    /// Where the files are.
    public let folder: URL
    private static let descriptionKey = "attune"

    /// A cache in a folder, which is made when something is first kept.
    ///
    /// - Parameter folder: The folder.
    public init(folder: URL) { self.folder = folder }

    /// A dataset that is kept.
    public struct Entry: Sendable {
        /// The file.
        public var url: URL
        /// What it is, as whoever kept it described it.
        public var description: String
        /// The file's bytes.
        public var byteCount: Int
        /// When it was last made or asked for.
        public var lastUsed: Date
    }

    /// A dataset that was made before, mapped.
    ///
    /// - Parameter key: What it was made of.
    /// - Returns: The rows and their description; nil where they were not kept, or the file is damaged.
    public func dataset(for key: CacheKey) -> (rows: Dataset, description: String)? {
        let url = url(of: key)
        let path = url.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path),
            let source = try? ArrowSource(path: path, format: .ipc),
            let rows = try? Dataset(contentsOf: url).loaded()
        else { return nil }
        // The time of last use decides what may go first.
        try? FileManager.default.setAttributes([.modificationDate: Date.now], ofItemAtPath: path)
        return (rows, source.metadata(Self.descriptionKey) ?? "")
    }

    /// Keeps a dataset.
    ///
    /// - Parameters:
    ///   - rows: The rows.
    ///   - key: What they were made of.
    ///   - description: What they are, for ``entries()`` and for who asks for them.
    /// - Throws: `.cannotWrite`, `.notAllowed`; nothing is left behind then.
    public func keep(_ rows: Dataset, for key: CacheKey, description: String) throws(DatasetError) {
        try rows.write(to: url(of: key), as: .arrow, metadata: [(Self.descriptionKey, description)])
    }

    /// All datasets that are kept, the one used last first.
    ///
    /// - Returns: One entry a file.
    public func entries() -> [Entry] {
        let keys: [URLResourceKey] = [.fileSizeKey, .contentModificationDateKey]
        let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: keys)
        let entries = (files ?? []).filter { $0.pathExtension == "arrow" }.map { url in
            let values = try? url.resourceValues(forKeys: Set(keys))
            let source = try? ArrowSource(path: url.path(percentEncoded: false), format: .ipc)
            return Entry(
                url: url,
                description: source?.metadata(Self.descriptionKey) ?? "damaged",
                byteCount: values?.fileSize ?? 0,
                lastUsed: values?.contentModificationDate ?? .distantPast
            )
        }
        return entries.sorted { $0.lastUsed > $1.lastUsed }
    }

    /// Deletes datasets that are kept; a run that has one mapped goes on with it.
    ///
    /// - Parameter date: Those that were last used before it; nil deletes all.
    /// - Returns: How many files went, and their bytes.
    /// - Throws: `.notAllowed` where one cannot be deleted.
    public func clear(unusedSince date: Date? = nil) throws(DatasetError) -> (count: Int, byteCount: Int) {
        var (count, bytes) = (0, 0)
        for entry in entries() where date.map({ entry.lastUsed < $0 }) ?? true {
            do {
                try FileManager.default.removeItem(at: entry.url)
            } catch {
                let path = entry.url.path(percentEncoded: false)
                throw DatasetError(.notAllowed, "cannot delete \(path): check the folder's permissions")
            }
            count += 1
            bytes += entry.byteCount
        }
        return (count, bytes)
    }

    private func url(of key: CacheKey) -> URL { folder.appending(path: "\(key.digest).arrow") }
}
