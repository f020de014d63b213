import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import Synchronization

/// A file with contents stored outside Git.
struct LargeFile: Sendable {
    var file: LocalFile
    var sha256: String
}

/// The Hub's instructions for sending a large file's contents.
///
/// Source: [the Git LFS batch API](https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md) and
/// [`lfs.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/lfs.py)
private struct UploadActions: Sendable {
    /// The address for the complete contents, or for reporting that all parts were sent.
    var address: String
    /// The bytes per part and the address of each part; nil to send everything in one request.
    var parts: (byteCount: Int, addresses: [String])?
    /// The address for verifying the upload.
    var verification: String?
}

extension HubClient {
    /// Sends contents that the store of large files lacks.
    ///
    /// Nothing is visible until a commit names them.
    ///
    /// - Parameters:
    ///   - files: The files. Equal contents are sent once.
    ///   - id: The repository.
    ///   - report: Receives the events.
    /// - Throws: `.unsupported` if the Hub requires another protocol; the errors of a request.
    func send(
        _ files: [LargeFile],
        to id: RepositoryID,
        _ report: @escaping @Sendable (TransferEvent) -> Void
    ) async throws {
        for start in stride(from: 0, to: files.count, by: 100) {
            let chunk = Array(files[start..<min(start + 100, files.count)])
            let actions = try await batch(chunk, to: id)
            let byContents = Dictionary(grouping: chunk, by: \.sha256).values.sorted {
                $0[0].file.byteCount > $1[0].file.byteCount
            }
            try await concurrently(byContents, limit: 4) { equal in
                let wanted = actions[equal[0].sha256]
                if let wanted { try await self.send(equal[0], wanted, to: id, report) }
                for (index, large) in equal.enumerated() {
                    if wanted == nil || index > 0 { report(.transferred(byteCount: large.file.byteCount)) }
                    report(.finished(file: large.file.name))
                }
            }
        }
    }

    /// Asks where to send contents.
    ///
    /// Contents that the store already has get no entry.
    private func batch(_ files: [LargeFile], to id: RepositoryID) async throws -> [String: UploadActions] {
        let sizes = Dictionary(
            files.map { ($0.sha256, $0.file.byteCount) },
            uniquingKeysWith: { first, _ in first }
        )
        let objects = sizes.sorted { $0.key < $1.key }.map {
            JSONValue.object(["oid": .string($0.key), "size": .int($0.value)])
        }
        let subject = "where large files of the \(id.kind.rawValue) \(id) go"
        let answer = try await post(
            "\(id.pagePath).git/info/lfs/objects/batch",
            .object([
                "operation": .string("upload"),
                "transfers": .array([.string("basic"), .string("multipart")]),
                "objects": .array(objects), "hash_algo": .string("sha256"),
                "ref": .object(["name": .string(id.revision)]),
            ]),
            subject: subject,
            headers: [("Accept", "application/vnd.git-lfs+json")]
        )
        try checkWriting(answer, id)
        let document = try json(answer, subject: subject)
        if document["transfer"].string == "xet" {
            throw HubError(
                .unsupported,
                "\(settings.endpoint) accepts large files for \(id) only through Xet, which Attune does not support; "
                    + "upload this folder with Python's `hf upload`"
            )
        }
        var actions: [String: UploadActions] = [:]
        for object in document["objects"].array ?? [] {
            guard let hash = object["oid"].string, let size = sizes[hash] else {
                throw unexpected(answer, subject: subject)
            }
            if let message = object["error"]["message"].string {
                throw HubError(
                    .notAllowed,
                    "\(settings.endpoint) rejected a file for \(id): \(shown(message))"
                )
            }
            if object["actions"].object != nil {
                actions[hash] = try uploadActions(object["actions"], byteCount: size, answer, subject)
            }
        }
        return actions
    }

    private func uploadActions(
        _ actions: JSONValue,
        byteCount: Int,
        _ answer: Answer,
        _ subject: String
    ) throws(HubError) -> UploadActions {
        let upload = actions["upload"]
        guard let address = upload["href"].string else { throw unexpected(answer, subject: subject) }
        let header = upload["header"].object ?? [:]
        let size = header["chunk_size"]
        var found = UploadActions(address: address, verification: actions["verify"]["href"].string)
        guard size != .null else { return found }
        guard let partSize = size.int ?? size.string.flatMap(Int.init), partSize > 0 else {
            throw unexpected(answer, subject: subject)
        }
        let numbered = header.members.compactMap { member in
            Int(member.name).flatMap { number in member.value.string.map { (number, $0) } }
        }
        let addresses = numbered.sorted { $0.0 < $1.0 }.map(\.1)
        guard addresses.count == (byteCount + partSize - 1) / partSize else {
            throw unexpected(answer, subject: subject)
        }
        found.parts = (partSize, addresses)
        return found
    }

    /// Sends one file, and requests new links if they have expired.
    private func send(
        _ large: LargeFile,
        _ first: UploadActions,
        to id: RepositoryID,
        _ report: @escaping @Sendable (TransferEvent) -> Void
    ) async throws {
        var actions = first
        for attempt in 1... {
            let refusal = try await sendOnce(large, actions, report)
            guard let refusal else { return }
            guard attempt < 3 else {
                throw HubError(
                    .unreachable,
                    "\(refusal) \(large.file.name) for \(id), \(attempt) times; files sent completely are kept, so run again later to resume"
                )
            }
            report(.transferred(byteCount: -large.file.byteCount))
            report(.retrying(file: large.file.name, reason: "rejected it; requesting a new link"))
            guard let next = try await batch([large], to: id)[large.sha256] else {
                report(.transferred(byteCount: large.file.byteCount))
                return
            }
            actions = next
        }
    }

    /// Sends one file as the Hub instructed.
    ///
    /// - Returns: A description of the refusal, or nil if the file was sent.
    private func sendOnce(
        _ large: LargeFile,
        _ actions: UploadActions,
        _ report: @escaping @Sendable (TransferEvent) -> Void
    ) async throws -> String? {
        let subject = "the contents of \(large.file.name)"
        if let parts = actions.parts {
            let tags = Mutex<[Int: String]>([:])
            let refused = Mutex<String?>(nil)
            try await concurrently(Array(parts.addresses.enumerated()), limit: 4) { part in
                let start = part.offset * parts.byteCount
                let count = min(parts.byteCount, large.file.byteCount - start)
                let sent = try await self.put(large.file, from: start, count: count, to: part.element, report)
                if let tag = sent.entityTag, !tag.isEmpty {
                    tags.withLock { $0[part.offset + 1] = tag }
                } else {
                    refused.withLock {
                        $0 = sent.refusal ?? "the store of large files returned no ETag for a part of"
                    }
                }
            }
            if let refusal = refused.withLock({ $0 }) { return refusal }
            let list = tags.withLock { $0 }.sorted { $0.key < $1.key }.map {
                JSONValue.object(["partNumber": .int($0.key), "etag": .string($0.value)])
            }
            let completed = try await post(
                actions.address,
                .object(["oid": .string(large.sha256), "parts": .array(list)]),
                subject: subject,
                headers: [("Accept", "application/vnd.git-lfs+json")]
            )
            guard completed.status / 100 == 2 else {
                return "\(settings.endpoint) answered \(completed.status) for the parts of"
            }
        } else {
            let sent = try await put(
                large.file,
                from: 0,
                count: large.file.byteCount,
                to: actions.address,
                report
            )
            if let refusal = sent.refusal { return refusal }
        }
        guard let verification = actions.verification else { return nil }
        let verified = try await post(
            verification,
            .object(["oid": .string(large.sha256), "size": .int(large.file.byteCount)]),
            subject: subject
        )
        return verified.status / 100 == 2
            ? nil : "\(settings.endpoint) answered \(verified.status) when asked whether it has"
    }

    /// Sends a part of a file to the given address, and retries errors that may be temporary.
    private func put(
        _ file: LocalFile,
        from start: Int,
        count: Int,
        to address: String,
        _ report: @escaping @Sendable (TransferEvent) -> Void
    ) async throws -> (entityTag: String?, refusal: String?) {
        let host = Origin(address: address)?.host ?? "the store of large files"
        let sent = Mutex(0)
        /// Subtracts the bytes of a failed attempt.
        func forget() {
            report(
                .transferred(
                    byteCount: -sent.withLock {
                        let before = $0; $0 = 0; return before
                    }
                )
            )
        }
        return try await repeating("room for \(file.name)") { attempt in
            if attempt > 1 {
                forget()
                report(.retrying(file: file.name, reason: "failed to accept it"))
            }
            let pieces = file.pieces(from: start, count: count) { byteCount in
                sent.withLock { $0 += byteCount }
                report(.transferred(byteCount: byteCount))
            }
            let response = try await transport.send(
                .PUT,
                address,
                body: .stream(pieces, length: .known(Int64(count)))
            )
            let status = Int(response.status.code)
            _ = try await collected(response, limit: 1 << 20)
            if RetryPolicy.isTransient(status) {
                return .failed(
                    reason: "directed us to \(host), which answered \(status)",
                    asked: response.headers.first(name: "Retry-After")
                )
            }
            guard status / 100 == 2 else { return .done((nil, "\(host) answered \(status) for")) }
            return .done((response.headers.first(name: "ETag") ?? "", nil))
        }
    }
}
