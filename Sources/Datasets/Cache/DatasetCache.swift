public import Foundation

/// A cache of prepared datasets, stored as Arrow files that are named by the hash of their inputs.
///
/// Several runs may share a folder: files are written atomically, and runs that make the same dataset write equal files.
/// A damaged file is treated as missing.
///
/// ```
/// <folder>/<SHA-256 of the inputs>.arrow
/// ```
public struct DatasetCache: Sendable {
    /// The folder of the cached files.
    public let folder: URL
    private static let descriptionKey = "attune"

    /// Creates a cache in a folder; the folder is created when the first dataset is stored.
    ///
    /// - Parameter folder: The folder.
    public init(folder: URL) { self.folder = folder }

    /// A cached dataset.
    public struct Entry: Sendable {
        /// The file.
        public var url: URL
        /// The description given when it was stored.
        public var description: String
        /// The size of the file in bytes.
        public var byteCount: Int
        /// When it was last written or requested.
        public var lastUsed: Date
    }

    /// Returns a cached dataset, memory-mapped.
    ///
    /// - Parameter key: The key of its inputs.
    /// - Returns: The rows and their description; nil if they are not cached, or the file is damaged.
    public func dataset(for key: CacheKey) -> (rows: Dataset, description: String)? {
        let url = url(of: key)
        let path = url.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path),
            let source = try? ArrowSource(path: path, format: .ipc),
            let rows = try? Dataset(contentsOf: url).loaded()
        else { return nil }
        // The time of last use decides which files are deleted first.
        try? FileManager.default.setAttributes([.modificationDate: Date.now], ofItemAtPath: path)
        return (rows, source.metadata(Self.descriptionKey) ?? "")
    }

    /// Stores a dataset.
    ///
    /// - Parameters:
    ///   - rows: The rows.
    ///   - key: The key of their inputs.
    ///   - description: A description, returned by ``entries()`` and ``dataset(for:)``.
    /// - Throws: `.cannotWrite`, `.notAllowed`; no partial file is left behind.
    public func keep(_ rows: Dataset, for key: CacheKey, description: String) throws(DatasetError) {
        try rows.write(to: url(of: key), as: .arrow, metadata: [(Self.descriptionKey, description)])
    }

    /// Returns all cached datasets, most recently used first.
    ///
    /// - Returns: One entry per file.
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

    /// Deletes cached datasets.
    ///
    /// A run that has mapped one can still read it.
    ///
    /// - Parameter date: Deletes the datasets last used before this date; nil deletes all.
    /// - Returns: The number of deleted files, and their total size in bytes.
    /// - Throws: `.notAllowed` if a file cannot be deleted.
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
