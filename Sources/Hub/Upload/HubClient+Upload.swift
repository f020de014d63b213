import Files
public import Foundation

extension HubClient {
    /// Uploads a file or a folder to an existing repository.
    ///
    /// Contents that the Hub already has are not sent again, and unchanged files are left out of the commit, so repeating an
    /// interrupted upload sends only the missing files. If the branch changes during the upload, it is read again.
    ///
    /// - Parameters:
    ///   - place: The file or folder to upload.
    ///   - id: The repository; its revision is the branch.
    ///   - options: The files to upload, their place in the repository, and the files to delete.
    ///   - report: Receives the events, from several tasks.
    /// - Returns: The branch's new commit, or its current one if nothing changed.
    /// - Throws: ``HubError`` or `FileError`. A branch never shows an incomplete file.
    ///
    /// Source: `create_commit` in [`hf_api.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/hf_api.py)
    public func upload(
        _ place: URL,
        to id: RepositoryID,
        _ options: UploadOptions = UploadOptions(),
        report: @escaping @Sendable (TransferEvent) -> Void = { _ in }
    ) async throws -> UploadedCommit {
        try requireNetwork("the branch to write to")
        let files = try LocalFile.all(at: place, options, for: id)
        var hashes: [String: (git: String, sha256: String)] = [:]
        for attempt in 1... {
            let head = try await commit(of: id)
            let remote = Dictionary(
                try await self.files(of: id, at: head).map { ($0.name, $0) },
                uniquingKeysWith: { first, _ in first }
            )
            let probes = try files.map {
                LocalProbe(path: $0.name, sample: try $0.sample(), byteCount: $0.byteCount)
            }
            let modes = try await uploadModes(of: probes, to: id, asPullRequest: options.asPullRequest)
            var plan = UploadPlan()
            for file in files where modes[file.name] != .ignored {
                let known = try hashes[file.name] ?? file.hashes()
                hashes[file.name] = known
                plan.add(file, known, modes[file.name] ?? .regular, remote[file.name])
            }
            let kept = Set(files.map(\.name))
            plan.deletions = remote.keys.sorted().filter { name in
                !kept.contains(name) && options.deleting.contains { FileSelection.matches(name, $0) }
            }
            if attempt == 1 {
                report(.planned(files: plan.changedFiles, byteCount: plan.byteCount))
            }
            try await send(plan.large, to: id, report)
            if let result = try await commit(plan, to: id, options, head, report) { return result }
            guard attempt < 5 else { break }
            report(.retrying(file: id.revision, reason: "changed meanwhile"))
        }
        throw HubError(
            .unreachable,
            "\(id) changed during each attempt to write to it; try again when no one else writes to it"
        )
    }

    /// Commits a plan, in several commits if it is large.
    ///
    /// - Returns: Nil if somebody else committed first.
    private func commit(
        _ plan: UploadPlan,
        to id: RepositoryID,
        _ options: UploadOptions,
        _ head: String,
        _ report: @Sendable (TransferEvent) -> Void
    ) async throws -> UploadedCommit? {
        var result = UploadedCommit(
            commit: head,
            address: settings.endpoint.address("\(id.pagePath)/commit/\(head)"),
            pullRequest: nil,
            changedFiles: plan.changedFiles,
            unchangedFiles: plan.unchangedFiles,
            deletedFiles: plan.deletions.count
        )
        var target = id
        var opensRequest = options.asPullRequest
        let groups = plan.commits()
        for (index, operations) in groups.enumerated() {
            let message =
                groups.count == 1
                ? options.message : "\(options.message) (part \(index + 1) of \(groups.count))"
            let outcome = try await commit(
                operations,
                to: target,
                message: message,
                parent: result.commit,
                asPullRequest: opensRequest
            )
            guard case .made(let commit, let address, let request) = outcome else { return nil }
            result.commit = commit
            result.address = address
            if opensRequest {
                guard let request, let number = request.split(separator: "/").last.flatMap({ Int($0) }) else {
                    throw HubError(
                        .badAnswer,
                        "\(settings.endpoint) did not say which pull request it opened; look at \(settings.endpoint.address(id.pagePath))"
                    )
                }
                result.pullRequest = request
                target = RepositoryID(id, checkedRevision: "refs/pr/\(number)")
                opensRequest = false
            }
            for case .regular(let file) in operations {
                report(.transferred(byteCount: file.byteCount))
                report(.finished(file: file.name))
            }
        }
        return result
    }
}

/// The files to send, compared with those on the Hub.
private struct UploadPlan {
    var regular: [LocalFile] = []
    var large: [LargeFile] = []
    var deletions: [String] = []
    var unchangedFiles = 0

    var changedFiles: Int { regular.count + large.count }
    var byteCount: Int { (regular + large.map(\.file)).reduce(0) { $0 + $1.byteCount } }

    mutating func add(
        _ file: LocalFile,
        _ hashes: (git: String, sha256: String),
        _ mode: UploadMode,
        _ remote: RemoteFile?
    ) {
        let isThere = remote?.sha256.map { $0 == hashes.sha256 } ?? (remote?.gitHash == hashes.git)
        if isThere {
            unchangedFiles += 1
        } else if mode == .large {
            large.append(LargeFile(file: file, sha256: hashes.sha256))
        } else {
            regular.append(file)
        }
    }

    /// The operations by commit: large files first, so that files that describe them do not come earlier; deletions last.
    func commits() -> [[CommitOperation]] {
        let operations =
            large.map {
                CommitOperation.large(name: $0.file.name, sha256: $0.sha256, byteCount: $0.file.byteCount)
            } + regular.map { .regular($0) } + deletions.map { .delete($0) }
        var groups: [[CommitOperation]] = []
        var byteCount = 0
        for operation in operations {
            byteCount += operation.byteCount
            if groups.isEmpty || groups[groups.count - 1].count == 500 || byteCount > 16 << 20 {
                groups.append([])
                byteCount = operation.byteCount
            }
            groups[groups.count - 1].append(operation)
        }
        return groups
    }
}
