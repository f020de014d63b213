import AsyncHTTPClient
import Files
import Foundation
import JSON
import NIOCore
import NIOHTTP1

/// A client of the Hub, open while a closure runs.
public struct HubClient: Sendable {
    /// The server, the token, retries and timeouts.
    public struct Settings: Sendable {
        /// The Hub's address and the cache folder.
        public var environment: HubEnvironment
        /// The server.
        public var endpoint: Endpoint
        /// The token, sent only to the endpoint.
        public var token: Token?
        /// How failed requests are retried.
        public var retries = RetryPolicy.standard
        /// The number of files that are downloaded at the same time.
        public var connections = 8
        /// The timeout for establishing a connection.
        public var connectTimeout: Duration = .seconds(10)
        /// The timeout for a server that sends nothing.
        public var readTimeout: Duration = .seconds(30)
        /// The program's name in the `User-Agent` header.
        public var userAgent = "attune/\(attuneVersion)"

        /// Reads the settings from the environment.
        ///
        /// - Parameters:
        ///   - environment: The endpoint and the folders.
        ///   - token: The token; nil for anonymous access.
        /// - Throws: `.badName` if the endpoint is not a valid address.
        public init(environment: HubEnvironment, token: Token?) throws(HubError) {
            self.environment = environment
            endpoint = try environment.endpoint()
            self.token = token
        }
    }

    /// The server, the token, retries and timeouts.
    public let settings: Settings
    /// The files that are already on this machine.
    public let cache: HubCache
    let transport: Transport

    /// Opens a client for as long as a closure runs.
    ///
    /// - Parameters:
    ///   - settings: The server, the token, retries and timeouts.
    ///   - body: The work to do with the client.
    /// - Returns: The result of `body`.
    /// - Throws: The errors of `body`; `.badName` if a proxy's address is invalid.
    public static func with<Result: Sendable>(
        _ settings: Settings,
        _ body: @Sendable (HubClient) async throws -> Result
    ) async throws -> Result {
        let transport = try Transport(settings)
        let client = HubClient(
            settings: settings,
            cache: HubCache(folder: settings.environment.cacheFolder),
            transport: transport
        )
        do {
            let result = try await body(client)
            await transport.shutdown()
            return result
        } catch {
            await transport.shutdown()
            throw error
        }
    }

    /// A complete answer.
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
        var address: String
    }

    /// Sends a request; follows redirects within the endpoint and retries errors that may be temporary.
    ///
    /// - Parameters:
    ///   - method: The method, GET for example.
    ///   - path: A path below the endpoint, or a complete address of the endpoint.
    ///   - subject: The thing that is requested, for messages.
    ///   - headers: Headers in addition to the token's.
    ///   - body: The request's body, if any.
    ///   - limit: The most bytes of the answer.
    /// - Returns: The answer, of any status.
    /// - Throws: `.offline`, `.unreachable`, `.badAnswer`.
    func ask(
        _ method: HTTPMethod,
        _ path: String,
        subject: String,
        headers: [(String, String)] = [],
        body: ByteBuffer? = nil,
        limit: Int = 64 << 20
    ) async throws -> Answer {
        try requireNetwork(subject)
        let address = path.contains("://") ? path : settings.endpoint.address(path)
        return try await repeating(subject) { _ in
            var address = address
            for _ in 0..<10 {
                let response = try await transport.send(
                    method,
                    address,
                    headers: headers,
                    body: body.map { .bytes($0) }
                )
                let status = Int(response.status.code)
                if (300..<400).contains(status), let location = response.headers.first(name: "Location"),
                    let next = resolved(location, against: address)
                {
                    let saysContents = method == .HEAD && response.headers.contains(name: "X-Linked-Etag")
                    if transport.isEndpoint(next), !saysContents {
                        address = next
                        continue
                    }
                    // The contents are stored on another server. A HEAD request only needs this header.
                    if method == .HEAD {
                        return .done(
                            Answer(status: status, headers: response.headers, body: [], address: next)
                        )
                    }
                    throw HubError(
                        .unreachable,
                        "\(settings.endpoint) redirects to \(Origin(address: next)?.host ?? "another server") instead of answering; "
                            + "log in to this network if it requires a login, and check HF_ENDPOINT and HTTPS_PROXY"
                    )
                }
                if RetryPolicy.isTransient(status) {
                    return .failed(
                        reason: "answered \(status)",
                        asked: response.headers.first(name: "Retry-After")
                    )
                }
                let body = method == .HEAD ? [] : try await collected(response, limit: limit)
                return .done(Answer(status: status, headers: response.headers, body: body, address: address))
            }
            throw HubError(
                .badAnswer,
                "\(settings.endpoint) redirects in circles for \(subject); check HF_ENDPOINT"
            )
        }
    }

    /// The outcome of one attempt.
    enum Attempt<Value: Sendable>: Sendable {
        case done(Value)
        case failed(reason: String, asked: String?)
    }

    /// Repeats an attempt until it succeeds or the limit of retries is reached.
    func repeating<Value: Sendable>(
        _ subject: String,
        _ body: (Int) async throws -> Attempt<Value>
    ) async throws -> Value {
        var attempt = 0
        while true {
            attempt += 1
            let reason: String
            var asked: Duration?
            var limit = settings.retries.attempts
            do {
                switch try await body(attempt) {
                case .done(let value): return value
                case .failed(let why, let header):
                    reason = why
                    asked = RetryPolicy.retryAfter(header, now: .now)
                }
            } catch let error where isTransient(error) {
                reason = plain(error)
                // Without a connection, fall back to the cache soon.
                if isWithoutConnection(error) { limit = min(limit, 2) }
            }
            guard attempt < limit else {
                throw HubError(
                    .unreachable,
                    "\(settings.endpoint) \(reason) when asked for \(subject)\(attempt == 1 ? "" : ", \(attempt) times"); "
                        + "try again later, or check the network, HF_ENDPOINT and HTTPS_PROXY"
                )
            }
            try await Task.sleep(
                for: settings.retries.delay(after: attempt, asked: asked, jitter: .random(in: 0...1))
            )
        }
    }

    func requireNetwork(_ subject: String) throws(HubError) {
        guard settings.environment.isOffline else { return }
        throw HubError(
            .offline,
            "\(subject) is not in the cache \(cache.folder.path(percentEncoded: false)), and HF_HUB_OFFLINE forbids using the network; "
                + "unset it, or download while online first"
        )
    }

    /// The complete body of an answer.
    func collected(_ response: HTTPClientResponse, limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in response.body {
            bytes.append(contentsOf: buffer.readableBytesView)
            guard bytes.count <= limit else {
                throw HubError(
                    .badAnswer,
                    "\(settings.endpoint) answered with more than \(limit >> 20) MB; check HF_ENDPOINT"
                )
            }
        }
        if let announced = response.headers.first(name: "Content-Length").flatMap(Int.init),
            announced != bytes.count
        {
            throw HTTPClientError.remoteConnectionClosed
        }
        return bytes
    }

    /// The target of a redirect, which may be relative.
    func resolved(_ location: String, against address: String) -> String? {
        guard let base = URL(string: address), let url = URL(string: location, relativeTo: base) else {
            return nil
        }
        return url.absoluteString
    }
}
