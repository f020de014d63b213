import Files
public import Foundation

/// The Hub's files on this machine, in the layout of huggingface_hub, so that both can use each other's downloads.
///
/// `models--org--name/` holds `blobs/<etag>` (contents), `snapshots/<commit>/<file>` (relative links to them), `refs/<revision>`
/// (the commit that a branch pointed to), `.no_exist/<commit>/<file>` (files known not to exist) and `trees/<commit>.json`
/// (a commit's list of files).
///
/// Source: [`file_download.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/file_download.py)
/// and `_tree_cache.py` next to it.
public struct HubCache: Sendable {
    /// The cache folder, `hub` in the Hub's home folder by default.
    public let folder: URL

    /// Opens a cache.
    ///
    /// Nothing is created until something is written.
    ///
    /// - Parameter folder: The folder, as given by ``HubEnvironment/cacheFolder``.
    public init(folder: URL) { self.folder = folder }

    /// Returns a repository's part of the cache.
    ///
    /// - Parameter id: The repository.
    /// - Returns: Its part, whether or not anything exists there.
    public func repository(_ id: RepositoryID) -> CachedRepository {
        CachedRepository(
            folder: folder.appending(path: id.folderName, directoryHint: .isDirectory),
            locks: folder.appending(path: ".locks/\(id.folderName)", directoryHint: .isDirectory),
            cacheFolder: folder
        )
    }
}

/// One repository's part of the cache.
public struct CachedRepository: Sendable {
    /// `models--org--name`.
    public let folder: URL
    let locks: URL
    let cacheFolder: URL

    /// What the cache knows about a file.
    public enum Knowledge: Sendable, Equatable {
        /// The complete file is in the cache.
        case present(URL)
        /// The Hub said that the commit has no such file.
        case absent
        /// Nothing is known about the file.
        case unknown
    }

    /// Returns the commit that a revision pointed to when the Hub was last asked.
    ///
    /// - Parameter revision: A branch, a tag or a commit.
    /// - Returns: The commit; nil if the Hub was never asked.
    public func commit(of revision: String) -> String? {
        if isCommit(revision) { return revision }
        guard isRelativePath(revision),
            let bytes = try? readFile(folder.appending(path: "refs/\(revision)"), limit: 64)
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return isCommit(text) ? text : nil
    }

    /// Returns the folder with a commit's files.
    ///
    /// - Parameter commit: 40 hexadecimal digits.
    /// - Returns: The folder, whether or not it exists.
    public func snapshot(_ commit: String) -> URL {
        folder.appending(path: "snapshots/\(commit)", directoryHint: .isDirectory)
    }

    /// Looks up a file.
    ///
    /// - Parameters:
    ///   - name: Its path in the repository.
    ///   - commit: The commit.
    /// - Returns: The file's place, that the commit has no such file, or that nothing is known.
    public func file(_ name: String, at commit: String) -> Knowledge {
        guard isRelativePath(name), isCommit(commit) else { return .unknown }
        let place = snapshot(commit).appending(path: name)
        // Follow the link: a link to deleted contents does not count.
        if FileManager.default.fileExists(atPath: place.path(percentEncoded: false)) {
            return .present(place)
        }
        let mark = folder.appending(path: ".no_exist/\(commit)/\(name)")
        return FileManager.default.fileExists(atPath: mark.path(percentEncoded: false)) ? .absent : .unknown
    }

    /// The place of contents with this entity tag, which must have been checked.
    func blob(_ entityTag: String) -> URL { folder.appending(path: "blobs/\(entityTag)") }

    /// The lock that keeps two processes from downloading the same contents.
    func lock(_ entityTag: String) -> URL { locks.appending(path: "\(entityTag).lock") }

    /// Remembers the commit that a revision points to.
    func remember(_ revision: String, standsAt commit: String) throws(FileError) {
        guard revision != commit, isRelativePath(revision), self.commit(of: revision) != commit else {
            return
        }
        try writeAtomically(Data(commit.utf8), to: folder.appending(path: "refs/\(revision)"))
    }

    /// Remembers that a commit does not have a file.
    func rememberAbsent(_ name: String, at commit: String) throws(FileError) {
        guard isRelativePath(name), isCommit(commit), file(name, at: commit) == .unknown else { return }
        try writeAtomically(Data(), to: folder.appending(path: ".no_exist/\(commit)/\(name)"))
    }

    /// Makes a file of a commit a relative link to its contents, replacing an existing one atomically.
    ///
    /// - Parameters:
    ///   - name: The file's path in the repository, checked.
    ///   - commit: The commit, checked.
    ///   - entityTag: The entity tag of the contents, which exist.
    /// - Returns: The file's place.
    /// - Throws: `FileError` if the link cannot be created.
    @discardableResult
    func link(_ name: String, at commit: String, to entityTag: String) throws(FileError) -> URL {
        let place = snapshot(commit).appending(path: name)
        try makeFolder(place.deletingLastPathComponent())
        let depth = name.split(separator: "/").count + 1
        let target = String(repeating: "../", count: depth) + "blobs/\(entityTag)"
        let path = place.path(percentEncoded: false)
        if readLink(path) == target { return place }
        try linkAtomically(to: target, at: place)
        return place
    }

    /// Marks the cache as a folder that backups may skip, as huggingface_hub does.
    func markCacheFolder() throws(FileError) {
        let tag = cacheFolder.appending(path: "CACHEDIR.TAG")
        guard !FileManager.default.fileExists(atPath: tag.path(percentEncoded: false)) else { return }
        let text = """
            Signature: 8a477f597d28d172789f06886806bc55
            # This file is a cache directory tag created by huggingface_hub.
            # For information about cache directory tags, see:
            #\thttps://bford.info/cachedir/

            """
        try writeAtomically(Data(text.utf8), to: tag)
    }

    private func readLink(_ path: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: path)
    }
}
