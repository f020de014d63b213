import Foundation

/// The files of a folder to upload, their place in the repository, and the commit's settings.
public struct UploadOptions: Sendable, Equatable {
    /// The files to upload.
    ///
    /// Hidden files are left out unless named exactly.
    public var selection: FileSelection
    /// The folder in the repository, or the path of a single file.
    ///
    /// Empty for the top folder, or the file's own name.
    public var pathInRepository: String
    /// Patterns of repository paths to delete in the same commit.
    ///
    /// Uploaded files are never deleted.
    public var deleting: [String]
    /// The commit's first line.
    public var message: String
    /// Whether to open a pull request instead of committing to the branch.
    public var asPullRequest: Bool

    /// Creates the options.
    ///
    /// - Parameters:
    ///   - selection: The files to upload.
    ///   - pathInRepository: Their place in the repository.
    ///   - deleting: Patterns of paths to delete in the same commit.
    ///   - message: The commit's first line.
    ///   - asPullRequest: Whether to open a pull request.
    public init(
        selection: FileSelection = .all,
        pathInRepository: String = "",
        deleting: [String] = [],
        message: String = "Upload with Attune",
        asPullRequest: Bool = false
    ) {
        self.selection = selection
        self.pathInRepository = pathInRepository
        self.deleting = deleting
        self.message = message
        self.asPullRequest = asPullRequest
    }
}

/// The result of an upload.
public struct UploadedCommit: Sendable, Equatable {
    /// The new commit of the branch or the pull request.
    public var commit: String
    /// The web address of the commit.
    public var address: String
    /// The pull request's page, if one was opened.
    public var pullRequest: String?
    /// The number of files that the commits changed.
    public var changedFiles: Int
    /// The number of files that were already up to date.
    public var unchangedFiles: Int
    /// The number of files that the commits deleted.
    public var deletedFiles: Int
}

extension LocalFile {
    /// Lists the files of a folder, or a single file, with their names in the repository.
    ///
    /// - Parameters:
    ///   - place: The file or folder to upload.
    ///   - options: The files to upload, and their place in the repository.
    ///   - id: The repository, for messages.
    /// - Returns: The files, sorted by name.
    /// - Throws: `.notFound` if there are none; `.badName` if a name cannot be used in a repository.
    static func all(
        at place: URL,
        _ options: UploadOptions,
        for id: RepositoryID
    ) throws(HubError) -> [LocalFile] {
        let path = place.resolvingSymlinksInPath().path(percentEncoded: false)
        let top = options.pathInRepository.split(separator: "/").joined(separator: "/")
        guard options.pathInRepository.isEmpty || isRelativePath(top) else {
            throw HubError(
                .badName,
                "\"\(shown(options.pathInRepository))\" is not a path in a repository; give one such as checkpoints/last"
            )
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw HubError(.notFound, "there is no file or folder \(shown(path)) to upload")
        }
        guard isFolder.boolValue else {
            return [try file(URL(filePath: path), name: top.isEmpty ? place.lastPathComponent : top)]
        }
        let names = (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).filter
        {
            var isFolder: ObjCBool = false
            let there = path + (path.hasSuffix("/") ? "" : "/") + $0
            return FileManager.default.fileExists(atPath: there, isDirectory: &isFolder)
                && !isFolder.boolValue
        }
        let wanted = try options.selection.apply(
            to: names.filter { !isHidden($0, options.selection) },
            of: id
        )
        guard !wanted.isEmpty else {
            throw HubError(
                .notFound,
                "\(shown(path)) has no file to upload; check the folder and the patterns"
            )
        }
        var files: [LocalFile] = []
        for name in wanted.sorted() {
            files.append(
                try file(
                    URL(filePath: path, directoryHint: .isDirectory).appending(path: name),
                    name: top.isEmpty ? name : "\(top)/\(name)"
                )
            )
        }
        return files
    }

    private static func file(_ place: URL, name: String) throws(HubError) -> LocalFile {
        guard isRelativePath(name) else {
            throw HubError(
                .badName,
                "the name \"\(shown(name))\" cannot be used in a repository; rename the file"
            )
        }
        let path = place.resolvingSymlinksInPath().path(percentEncoded: false)
        let facts = try? FileManager.default.attributesOfItem(atPath: path)
        guard let size = facts?[.size] as? Int, facts?[.type] as? FileAttributeType == .typeRegular else {
            throw HubError(.notFound, "\(shown(path)) is not a readable file")
        }
        return LocalFile(place: URL(filePath: path), name: name, byteCount: size)
    }

    /// Whether a file must not be uploaded by default: `.env` and other hidden files, Git's own, and files being written.
    private static func isHidden(_ name: String, _ selection: FileSelection) -> Bool {
        if name.hasSuffix(".incomplete") || name.hasSuffix(".tmp") { return true }
        let hidden = name.split(separator: "/").contains { $0.hasPrefix(".") && $0 != ".gitattributes" }
        return hidden && !selection.names(name)
    }
}
