import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
    /// Reads the whole body, then runs the work, which is cancelled if the client hangs up.
    ///
    /// Hummingbird's `consumeWithCancellationOnInboundClose` closes the connection after each request, so it is not used.
    ///
    /// A server that is overloaded refuses the request before its body is read.
    ///
    /// - Parameters:
    ///   - service: Admits the request, and limits the body and the seconds within which it must have arrived.
    ///   - work: Answers the request.
    /// - Returns: The work's value.
    /// - Throws: `ServingFault.overloaded`; `.bodyTooLarge`, without reading the rest; `.bodyTooSlow`; ``UnreadableBody``;
    ///   `CancellationError`; the errors of the work.
    func withBody<R: Sendable>(
        _ service: ClassifierService,
        _ work: @escaping @Sendable ([UInt8]) async throws -> R
    ) async throws -> R {
        try await service.admitting {
            try await withBody(
                upTo: service.limits.payloadLimit,
                within: service.limits.bodySeconds,
                work
            )
        }
    }

    /// Reads the whole body, then runs the work, which is cancelled if the client hangs up.
    ///
    /// - Parameters:
    ///   - limit: The most bytes.
    ///   - seconds: The time within which the whole body must have arrived.
    ///   - work: Answers the request.
    /// - Returns: The work's value.
    /// - Throws: As ``withBody(_:_:)``.
    func withBody<R: Sendable>(
        upTo limit: Int,
        within seconds: Double,
        _ work: @escaping @Sendable ([UInt8]) async throws -> R
    ) async throws -> R {
        let bytes = try await bytes(upTo: limit, within: seconds)
        let record = RequestRecord.current
        record?.note(bytesIn: bytes.count)
        guard let watch = await record?.connectionWatch() else { return try await work(bytes) }
        let task = Task { try await work(bytes) }
        let registration = watch.onClose {
            record?.noteClientGone()
            task.cancel()
        }
        defer { watch.forget(registration) }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Requires JSON, as text-embeddings-inference does.
    ///
    /// - Throws: `ServingFault.unsupportedMediaType` unless the content type is `application/json` or `application/…+json`;
    ///   parameters such as `charset` are ignored.
    func requireJSON() throws(ServingFault) {
        let header = headers[.contentType]
        let type = header?.split(separator: ";", omittingEmptySubsequences: false).first.map {
            String($0).filter { !$0.isWhitespace }.lowercased()
        }
        guard let type,
            type == "application/json" || (type.hasPrefix("application/") && type.hasSuffix("+json"))
        else { throw .unsupportedMediaType(header) }
    }

    /// Reads the whole body.
    private func bytes(upTo limit: Int, within seconds: Double) async throws -> [UInt8] {
        let declared = headers[.contentLength].flatMap { Int($0) }
        if let declared, declared > limit { throw ServingFault.bodyTooLarge(limit: limit) }
        let body = body
        return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask { try await body.bytes(upTo: limit, declared: declared) }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                return nil
            }
            defer { group.cancelAll() }
            // The first task to end decides.
            guard let bytes = try await group.next() ?? nil else { throw ServingFault.bodyTooSlow }
            return bytes
        }
    }
}

extension RequestBody {
    /// Reads all bytes.
    ///
    /// Hummingbird treats a connection that ends early as the end of the body, so the declared length is compared.
    fileprivate func bytes(upTo limit: Int, declared: Int?) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(declared ?? 0)
        do {
            for try await buffer in self {
                guard buffer.readableBytes <= limit - bytes.count else {
                    throw ServingFault.bodyTooLarge(limit: limit)
                }
                bytes += buffer.readableBytesView
            }
        } catch let fault as ServingFault {
            throw fault
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw UnreadableBody()
        }
        try Task.checkCancellation()
        if let declared, declared != bytes.count { throw UnreadableBody() }
        return bytes
    }
}

/// A body that broke HTTP's rules, or whose connection ended before its last byte.
struct UnreadableBody: Error, Equatable, CustomStringConvertible {
    var description: String { "the body of the request is incomplete or not valid HTTP; send it again" }
}
