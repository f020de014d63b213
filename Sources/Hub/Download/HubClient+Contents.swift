import AsyncHTTPClient
import Files
import Foundation
import NIOCore
import NIOHTTP1

/// A file to download.
struct WantedFile: Sendable {
    var id: RepositoryID
    var name: String
    var commit: String
    var entityTag: String
    var byteCount: Int?
}

extension HubClient {
    /// Downloads a file's contents into the cache and links them, unless they exist.
    ///
    /// A lock lets only one process do it.
    ///
    /// - Parameters:
    ///   - wanted: The file. Its name, commit and tag must have been checked.
    ///   - report: Receives the events.
    /// - Returns: The file's place in the snapshot.
    /// - Throws: The errors of a request; `.badAnswer` if the contents stay wrong; `FileError`.
    func fetch(_ wanted: WantedFile, _ report: @Sendable (TransferEvent) -> Void) async throws -> URL {
        let cached = cache.repository(wanted.id)
        let blob = cached.blob(wanted.entityTag)
        let path = blob.path(percentEncoded: false)
        if !FileManager.default.fileExists(atPath: path) {
            try requireNetwork("\(wanted.name) of the \(wanted.id.kind.rawValue) \(wanted.id)")
            try cached.markCacheFolder()
            let lock = try await waitForLock(cached.lock(wanted.entityTag))
            if FileManager.default.fileExists(atPath: path) {
                report(.transferred(byteCount: wanted.byteCount ?? 0))
            } else {
                try await fetchContents(wanted, to: blob, report)
            }
            _ = consume lock
        } else {
            report(.transferred(byteCount: wanted.byteCount ?? 0))
        }
        let place = try cached.link(wanted.name, at: wanted.commit, to: wanted.entityTag)
        report(.finished(file: wanted.name))
        return place
    }

    private func waitForLock(_ file: URL) async throws -> FileLock {
        var pause = Duration.milliseconds(5)
        while true {
            if let lock = try FileLock(at: file) { return lock }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(200))
        }
    }

    /// Downloads into a partial file, resuming at its end, until it is complete and correct; then renames it.
    private func fetchContents(
        _ wanted: WantedFile,
        to blob: URL,
        _ report: @Sendable (TransferEvent) -> Void
    ) async throws {
        let partial = try adoptPartial(of: blob)
        var file = try ResumableFile(at: partial)
        do {
            try await complete(&file, wanted, report)
        } catch let error as FileError where error.code == .diskFull {
            // A partial file kept for the next attempt would keep the disk full.
            file.discard()
            throw error
        }
        try file.commit(to: blob)
    }

    /// Takes over the partial file of an earlier process, by a rename that only one process can win.
    private func adoptPartial(of blob: URL) throws -> URL {
        let folder = blob.deletingLastPathComponent()
        let stem = blob.lastPathComponent + "."
        let own = folder.appending(path: stem + hexadecimal(.random(in: 0 ... .max)) + ".incomplete")
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
        let left = names.filter { $0.hasPrefix(stem) && $0.hasSuffix(".incomplete") }.map { name in
            let file = folder.appending(path: name)
            let facts = try? FileManager.default.attributesOfItem(atPath: file.path(percentEncoded: false))
            return (file: file, byteCount: (facts?[.size] as? Int) ?? 0)
        }
        if let longest = left.max(by: { $0.byteCount < $1.byteCount }) {
            try? FileManager.default.moveItem(at: longest.file, to: own)
            for other in left where other.file != longest.file {
                try? FileManager.default.removeItem(at: other.file)
            }
        }
        return own
    }

    private func hexadecimal(_ number: UInt32) -> String { String(format: "%08x", number) }

    private func complete(
        _ file: inout ResumableFile,
        _ wanted: WantedFile,
        _ report: @Sendable (TransferEvent) -> Void
    ) async throws {
        let subject = "\(wanted.name) of the \(wanted.id.kind.rawValue) \(wanted.id)"
        if let size = wanted.byteCount, file.byteCount > size { try file.truncate(to: 0) }
        if wanted.byteCount == nil { try file.truncate(to: 0) }
        var check = try restarted(file, wanted)
        report(.transferred(byteCount: file.byteCount))
        var attempt = 0
        var spoiled = 0
        while true {
            let before = file.byteCount
            var reason: String
            var asked: Duration?
            do {
                let outcome = try await receive(&file, &check, wanted, report)
                reason = outcome.reason
                asked = RetryPolicy.retryAfter(outcome.retryAfter, now: .now)
                if outcome.isWhole, check.agrees() { return }
                if outcome.isWhole {
                    reason = "sent \(file.byteCount) bytes that do not match the hash of \(subject)"
                    spoiled += 1
                    report(.transferred(byteCount: -file.byteCount))
                    try file.truncate(to: 0)
                    check = try restarted(file, wanted)
                }
            } catch let error where isTransient(error) {
                reason = plain(error)
            }
            attempt = file.byteCount > before ? 1 : attempt + 1
            guard spoiled < 3 else {
                throw HubError(
                    .badAnswer,
                    "\(settings.endpoint) \(reason), \(spoiled) times; a proxy may be altering the data, or the repository is damaged; try another network"
                )
            }
            guard attempt < settings.retries.attempts else {
                throw HubError(
                    .unreachable,
                    "\(settings.endpoint) \(reason) when asked for \(subject)\(attempt == 1 ? "" : ", \(attempt) times"); "
                        + "the part received is kept, so run again later to resume"
                )
            }
            report(.retrying(file: wanted.name, reason: reason))
            try await Task.sleep(
                for: settings.retries.delay(after: attempt, asked: asked, jitter: .random(in: 0...1))
            )
        }
    }

    /// Returns a check that includes the bytes in the file.
    private func restarted(_ file: borrowing ResumableFile, _ wanted: WantedFile) throws -> ContentCheck {
        var check = ContentCheck(entityTag: wanted.entityTag, byteCount: wanted.byteCount)
        try file.forEachPiece { check.update($0) }
        return check
    }

    private struct Received {
        var isWhole = false
        var reason = ""
        var retryAfter: String?
    }

    /// Sends one request for the missing bytes.
    private func receive(
        _ file: inout ResumableFile,
        _ check: inout ContentCheck,
        _ wanted: WantedFile,
        _ report: @Sendable (TransferEvent) -> Void
    ) async throws -> Received {
        if let size = wanted.byteCount, file.byteCount == size, size > 0 { return Received(isWhole: true) }
        let (response, host) = try await open(wanted, from: file.byteCount)
        let status = Int(response.status.code)
        if RetryPolicy.isTransient(status) {
            return Received(
                reason: "answered \(status)",
                retryAfter: response.headers.first(name: "Retry-After")
            )
        }
        if let encoding = response.headers.first(name: "Content-Encoding"), encoding != "identity" {
            return Received(reason: "sent the file compressed as \(shown(encoding)), which was not requested")
        }
        if status == 206 {
            guard let range = response.headers.first(name: "Content-Range"),
                range.hasPrefix("bytes \(file.byteCount)-")
            else { return Received(reason: "sent a different part of the file than requested") }
        } else if file.byteCount > 0 {
            // The server does not support ranges, or has no bytes after this one: start over.
            report(.transferred(byteCount: -file.byteCount))
            try file.truncate(to: 0)
            check = try restarted(file, wanted)
            if status == 416 { return Received(reason: "does not have the requested part of the file") }
        }
        guard status == 200 || status == 206 else {
            // A storage link that has expired: the endpoint gives a new one.
            if let host { return Received(reason: "redirected to \(host), which answered \(status)") }
            let answer = Answer(status: status, headers: response.headers, body: [], address: "")
            try self.check(answer, of: wanted.id, file: wanted.name)
            throw unexpected(answer, subject: wanted.name)
        }
        let start = file.byteCount
        let announced = response.headers.first(name: "Content-Length").flatMap(Int.init).map { $0 + start }
        if let announced, let size = wanted.byteCount, announced != size {
            return Received(reason: "announced \(announced) bytes instead of \(size)")
        }
        var incoming = IncomingBytes(check)
        do {
            for try await buffer in response.body {
                guard file.byteCount + incoming.byteCount + buffer.readableBytes <= wanted.byteCount ?? .max
                else {
                    report(.transferred(byteCount: -file.byteCount))
                    try file.truncate(to: 0)
                    check = try restarted(file, wanted)
                    return Received(reason: "sent more than the \(wanted.byteCount ?? 0) bytes announced")
                }
                incoming.add(buffer)
                if incoming.isFull { report(.transferred(byteCount: try await incoming.write(to: &file))) }
            }
        } catch let error where !(error is FileError) {
            // Keep the bytes received before the connection broke.
            report(.transferred(byteCount: try await incoming.write(to: &file)))
            check = await incoming.check
            throw error
        }
        report(.transferred(byteCount: try await incoming.write(to: &file)))
        check = await incoming.check
        let expected = wanted.byteCount ?? announced
        guard expected == nil || expected == file.byteCount else {
            return Received(reason: "closed the connection")
        }
        return Received(isWhole: true)
    }

    /// Requests the contents and follows redirects.
    ///
    /// The token is sent only to the endpoint.
    ///
    /// Also returns the name of another host that answered, if any.
    private func open(
        _ wanted: WantedFile,
        from start: Int
    ) async throws -> (HTTPClientResponse, host: String?) {
        let id = RepositoryID(wanted.id, checkedRevision: wanted.commit)
        var address = settings.endpoint.address(resolvePath(wanted.name, in: id))
        let headers = start > 0 ? [("Range", "bytes=\(start)-")] : []
        for _ in 0..<10 {
            let response = try await transport.send(.GET, address, headers: headers)
            guard (300..<400).contains(Int(response.status.code)),
                let location = response.headers.first(name: "Location"),
                let next = resolved(location, against: address)
            else { return (response, transport.isEndpoint(address) ? nil : Origin(address: address)?.host) }
            address = next
        }
        throw HubError(
            .badAnswer,
            "\(settings.endpoint) redirects in circles for \(wanted.name); check HF_ENDPOINT"
        )
    }
}

/// Buffers bytes for a file.
///
/// It writes them by the megabyte and hashes each piece while the next one arrives.
private struct IncomingBytes {
    private var pieces: [ByteBuffer] = []
    private var hashed: Task<ContentCheck, Never>
    /// The number of bytes that are not written yet.
    private(set) var byteCount = 0

    init(_ check: ContentCheck) { hashed = Task { check } }

    var isFull: Bool { byteCount >= 1 << 20 }

    /// The check over all bytes written.
    var check: ContentCheck { get async { await hashed.value } }

    mutating func add(_ piece: ByteBuffer) {
        byteCount += piece.readableBytes
        pieces.append(piece)
    }

    /// Writes the buffered bytes and returns their number.
    mutating func write(to file: inout ResumableFile) async throws -> Int {
        let (pieces, byteCount, before) = (pieces, byteCount, await hashed.value)
        (self.pieces, self.byteCount) = ([], 0)
        hashed = Task { pieces.reduce(before) { $0.updated(with: $1) } }
        for piece in pieces { try piece.withUnsafeReadableBytes { bytes in try file.append(bytes) } }
        return byteCount
    }
}
