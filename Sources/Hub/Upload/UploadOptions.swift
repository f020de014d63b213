import Foundation

/// What of a folder goes where, and how.
public struct UploadOptions: Sendable, Equatable {
    /// Which of the folder's files; nothing that is hidden unless a pattern names it.
    public var selection: FileSelection
    /// The folder in the repository, or a single file's path there; empty for its top, or the file's own name.
    public var pathInRepository: String
    /// What is deleted in the same commit, by patterns of paths in the repository: what is sent stays.
    public var deleting: [String]
    /// The commit's first line.
    public var message: String
    /// Whether a pull request is opened instead of moving the branch.
    public var asPullRequest: Bool

    /// Takes the settings.
    ///
    /// - Parameters:
    ///   - selection: Which of the folder's files.
    ///   - pathInRepository: Where they go.
    ///   - deleting: Patterns of what is deleted in the same commit.
    ///   - message: The commit's first line.
    ///   - asPullRequest: Whether a pull request is opened.
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

/// What an upload came to.
public struct UploadedCommit: Sendable, Equatable {
    /// What the branch, or the pull request, stands at.
    public var commit: String
    /// Where a person looks at it.
    public var address: String
    /// The pull request's page, where one was opened.
    public var pullRequest: String?
    /// Files that the commits changed.
    public var changedFiles: Int
    /// Files that were there as they are.
    public var unchangedFiles: Int
    /// Files that the commits deleted.
    public var deletedFiles: Int
}

extension LocalFile {
    /// The files of a folder, or a single one, under their names in the repository.
    ///
    /// - Parameters:
    ///   - place: The file or folder.
    ///   - options: Which, and where to.
    ///   - id: The repository, for messages.
    /// - Returns: Sorted by name.
    /// - Throws: `.notFound` where there are none; `.badName` where one's name cannot be a repository's.
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
                "\"\(shown(options.pathInRepository))\" is no path in a repository; give one such as checkpoints/last"
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
            throw HubError(.badName, "the name \"\(shown(name))\" cannot be a repository's; rename the file")
        }
        let path = place.resolvingSymlinksInPath().path(percentEncoded: false)
        let facts = try? FileManager.default.attributesOfItem(atPath: path)
        guard let size = facts?[.size] as? Int, facts?[.type] as? FileAttributeType == .typeRegular else {
            throw HubError(.notFound, "\(shown(path)) is no file that can be read")
        }
        return LocalFile(place: URL(filePath: path), name: name, byteCount: size)
    }

    /// Whether a file is nobody's business: `.env` and its like, Git's own, what is being written.
    private static func isHidden(_ name: String, _ selection: FileSelection) -> Bool {
        if name.hasSuffix(".incomplete") || name.hasSuffix(".tmp") { return true }
        let hidden = name.split(separator: "/").contains { $0.hasPrefix(".") && $0 != ".gitattributes" }
        return hidden && !selection.names(name)
    }
}
