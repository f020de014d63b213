import Foundation
import JSON
import NIOCore
import NIOHTTP1

/// The facts about a file that the Hub needs before an upload.
struct LocalProbe: Sendable {
    var path: String
    var sample: [UInt8]
    var byteCount: Int
}

/// How the Hub stores a file.
enum UploadMode: Sendable, Equatable {
    /// Inside the commit.
    case regular
    /// Outside Git, named by its SHA-256.
    case large
    /// Not at all, because the repository's `.gitignore` excludes it.
    case ignored
}

/// One operation of a commit.
enum CommitOperation: Sendable {
    case regular(LocalFile)
    case large(name: String, sha256: String, byteCount: Int)
    case delete(String)

    /// The approximate number of bytes that it adds to the request.
    var byteCount: Int {
        switch self {
        case .regular(let file): 200 + file.name.utf8.count + file.byteCount * 4 / 3
        case .large(let name, _, _), .delete(let name): 200 + name.utf8.count
        }
    }

    /// The operation as a line of JSON.
    ///
    /// Source: `_prepare_commit_payload` in [`_commit_api.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/_commit_api.py)
    fileprivate func line() throws -> JSONValue {
        let (key, value): (String, JSONObject) =
            switch self {
            case .regular(let file):
                (
                    "file",
                    [
                        "content": .string(Data(try file.contents()).base64EncodedString()),
                        "path": .string(file.name), "encoding": .string("base64"),
                    ]
                )
            case .large(let name, let sha256, let byteCount):
                (
                    "lfsFile",
                    [
                        "path": .string(name), "algo": .string("sha256"), "oid": .string(sha256),
                        "size": .int(byteCount),
                    ]
                )
            case .delete(let name): ("deletedFile", ["path": .string(name)])
            }
        return .object(["key": .string(key), "value": .object(value)])
    }
}

extension HubClient {
    /// Asks how to send each file.
    ///
    /// The repository's `.gitattributes` and the file's size and first bytes decide.
    ///
    /// Source: `_fetch_upload_modes` in [`_commit_api.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/_commit_api.py)
    func uploadModes(
        of probes: [LocalProbe],
        to id: RepositoryID,
        asPullRequest: Bool
    ) async throws -> [String: UploadMode] {
        var modes: [String: UploadMode] = [:]
        let path =
            "\(id.apiPath)/preupload/\(percentEncoded(id.revision, keepingSlashes: false))"
            + (asPullRequest ? "?create_pr=1" : "")
        for start in stride(from: 0, to: probes.count, by: 256) {
            let files = probes[start..<min(start + 256, probes.count)].map { probe in
                JSONValue.object([
                    "path": .string(probe.path), "sample": .string(Data(probe.sample).base64EncodedString()),
                    "size": .int(probe.byteCount),
                ])
            }
            let subject = "how to send files to the \(id.kind.rawValue) \(id)"
            let answer = try await post(path, .object(["files": .array(files)]), subject: subject)
            try checkWriting(answer, id)
            for file in try json(answer, subject: subject)["files"].array ?? [] {
                guard let name = file["path"].string else { continue }
                let isIgnored = file["shouldIgnore"].bool ?? false
                modes[name] = isIgnored ? .ignored : file["uploadMode"].string == "lfs" ? .large : .regular
            }
        }
        for probe in probes {
            guard let mode = modes[probe.path] else {
                throw HubError(
                    .badAnswer,
                    "\(settings.endpoint) did not say how to send \(shown(probe.path)) to \(id); check HF_ENDPOINT"
                )
            }
            // The stores of large files reject empty ones.
            if probe.byteCount == 0, mode == .large { modes[probe.path] = .regular }
        }
        return modes
    }

    /// The outcome of a commit request.
    enum CommitOutcome: Sendable {
        case made(commit: String, address: String, pullRequest: String?)
        /// Somebody else committed first, so the branch has changed.
        case conflict
    }

    /// Commits if the branch has not changed since it was read.
    ///
    /// A retry cannot commit twice, because the parent would no longer match.
    func commit(
        _ operations: [CommitOperation],
        to id: RepositoryID,
        message: String,
        parent: String,
        asPullRequest: Bool
    ) async throws -> CommitOutcome {
        let header = JSONValue.object([
            "key": .string("header"),
            "value": .object([
                "summary": .string(message), "description": .string(""), "parentCommit": .string(parent),
            ]),
        ])
        var body = ByteBuffer(string: header.oneLineInOrder + "\n")
        for operation in operations { body.writeString(try operation.line().oneLineInOrder + "\n") }
        let subject = "a commit to the \(id.kind.rawValue) \(id)"
        let answer = try await ask(
            .POST,
            "\(id.apiPath)/commit/\(percentEncoded(id.revision, keepingSlashes: false))"
                + (asPullRequest ? "?create_pr=1" : ""),
            subject: subject,
            headers: [("Content-Type", "application/x-ndjson")],
            body: body
        )
        if answer.status == 412 || answer.status == 409 { return .conflict }
        try checkWriting(answer, id)
        let document = try json(answer, subject: subject)
        guard let commit = document["commitOid"].string, isCommit(commit) else {
            throw HubError(
                .badAnswer,
                "\(settings.endpoint) did not return the hash of \(subject); look at \(settings.endpoint.address(id.pagePath))"
            )
        }
        return .made(
            commit: commit,
            address: shown(
                document["commitUrl"].string ?? settings.endpoint.address("\(id.pagePath)/commit/\(commit)")
            ),
            pullRequest: document["pullRequestUrl"].string.map(shown)
        )
    }
}
