import Files
public import Foundation

/// The Hub's files on this machine, laid out as the Python library lays them out, so that both use what either fetched.
///
/// `models--org--name/` holds `blobs/<etag>` (contents), `snapshots/<commit>/<file>` (relative links to them), `refs/<revision>`
/// (the commit a branch stood at), `.no_exist/<commit>/<file>` (what is known not to be there) and `trees/<commit>.json`
/// (a commit's list of files).
///
/// Source: [`file_download.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/file_download.py)
/// and `_tree_cache.py` beside it.
public struct HubCache: Sendable {
    /// `hub` in the Hub's folder.
    public let folder: URL

    /// Opens a cache; nothing is made before something is written.
    ///
    /// - Parameter folder: As ``HubEnvironment/cacheFolder`` says.
    public init(folder: URL) { self.folder = folder }

    /// A repository's part of the cache.
    ///
    /// - Parameter id: The repository.
    /// - Returns: Its part, whether or not anything is there.
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

    /// What the cache knows of a file.
    public enum Knowledge: Sendable, Equatable {
        /// It is there, whole.
        case present(URL)
        /// The Hub said that the commit has no such file.
        case absent
        /// Nothing is known.
        case unknown
    }

    /// The commit that a revision stood at when it was last asked for.
    ///
    /// - Parameter revision: A branch, a tag or a commit.
    /// - Returns: The commit; nil where it was never asked for.
    public func commit(of revision: String) -> String? {
        if isCommit(revision) { return revision }
        guard isRelativePath(revision),
            let bytes = try? readFile(folder.appending(path: "refs/\(revision)"), limit: 64)
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return isCommit(text) ? text : nil
    }

    /// Where a commit's files lie.
    ///
    /// - Parameter commit: 40 hexadecimal digits.
    /// - Returns: The folder, whether or not it is there.
    public func snapshot(_ commit: String) -> URL {
        folder.appending(path: "snapshots/\(commit)", directoryHint: .isDirectory)
    }

    /// What is known of a file.
    ///
    /// - Parameters:
    ///   - name: Its path in the repository.
    ///   - commit: The commit.
    /// - Returns: Where it lies, that the commit has none, or that nothing is known.
    public func file(_ name: String, at commit: String) -> Knowledge {
        guard isRelativePath(name), isCommit(commit) else { return .unknown }
        let place = snapshot(commit).appending(path: name)
        // Following the link: one whose contents are gone is not there.
        if FileManager.default.fileExists(atPath: place.path(percentEncoded: false)) {
            return .present(place)
        }
        let mark = folder.appending(path: ".no_exist/\(commit)/\(name)")
        return FileManager.default.fileExists(atPath: mark.path(percentEncoded: false)) ? .absent : .unknown
    }

    /// Where contents lie under their entity tag, which must have been checked.
    func blob(_ entityTag: String) -> URL { folder.appending(path: "blobs/\(entityTag)") }

    /// What keeps two processes from fetching the same contents.
    func lock(_ entityTag: String) -> URL { locks.appending(path: "\(entityTag).lock") }

    /// Remembers which commit a revision stands at.
    func remember(_ revision: String, standsAt commit: String) throws(FileError) {
        guard revision != commit, isRelativePath(revision), self.commit(of: revision) != commit else {
            return
        }
        try writeAtomically(Data(commit.utf8), to: folder.appending(path: "refs/\(revision)"))
    }

    /// Remembers that a commit has no such file.
    func rememberAbsent(_ name: String, at commit: String) throws(FileError) {
        guard isRelativePath(name), isCommit(commit), file(name, at: commit) == .unknown else { return }
        try writeAtomically(Data(), to: folder.appending(path: ".no_exist/\(commit)/\(name)"))
    }

    /// Makes a file of a commit a relative link to its contents, replacing what is there, at once or not at all.
    ///
    /// - Parameters:
    ///   - name: The file's path in the repository, checked.
    ///   - commit: The commit, checked.
    ///   - entityTag: Of the contents, which are there.
    /// - Returns: The file's place.
    /// - Throws: `FileError` where the link cannot be made.
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

    /// Marks the cache as one that backups may skip, as the Python library does.
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
