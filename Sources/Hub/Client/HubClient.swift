import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1

/// Speaks to the Hub for as long as a closure runs.
public struct HubClient: Sendable {
    /// Where to, as whom, and how patiently.
    public struct Settings: Sendable {
        /// Where the Hub is and its cache.
        public var environment: HubEnvironment
        /// The server.
        public var endpoint: Endpoint
        /// Sent to the endpoint and to nobody else.
        public var token: Token?
        /// What is done when something fails that may not fail again.
        public var retries = RetryPolicy.standard
        /// Files that are fetched at a time.
        public var connections = 8
        /// How long a connection may take to stand.
        public var connectTimeout: Duration = .seconds(10)
        /// How long a server may be silent.
        public var readTimeout: Duration = .seconds(30)
        /// What the program calls itself.
        public var userAgent = "attune/0.1.0"

        /// Takes what the environment says.
        ///
        /// - Parameters:
        ///   - environment: Endpoint and folders.
        ///   - token: As whom; nil for nobody.
        /// - Throws: `.badName` where the endpoint is no address.
        public init(environment: HubEnvironment, token: Token?) throws(HubError) {
            self.environment = environment
            endpoint = try environment.endpoint()
            self.token = token
        }
    }

    /// Where to, as whom, and how patiently.
    public let settings: Settings
    /// The files that are here already.
    public let cache: HubCache
    let transport: Transport

    /// Opens a client for as long as a closure runs.
    ///
    /// - Parameters:
    ///   - settings: Where to, as whom, and how patiently.
    ///   - body: What is done with it.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `.badName` where a proxy's address is none.
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

    /// An answer, whole.
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
        var address: String
    }

    /// What the server says to a request; follows redirects within the endpoint, and repeats what may succeed later.
    ///
    /// - Parameters:
    ///   - method: Such as GET.
    ///   - path: Below the endpoint, or a whole address of its.
    ///   - subject: What is asked for, in messages.
    ///   - headers: Beside the token's.
    ///   - body: What is sent, if anything.
    ///   - limit: Bytes of the answer at the most.
    /// - Returns: The answer, whatever its status.
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
                    // A file's contents lie elsewhere: the head that says so is what was asked for.
                    if method == .HEAD {
                        return .done(
                            Answer(status: status, headers: response.headers, body: [], address: next)
                        )
                    }
                    throw HubError(
                        .unreachable,
                        "\(settings.endpoint) sends us to \(Origin(address: next)?.host ?? "another server") instead of answering; "
                            + "log in to this network if it asks for that, and check HF_ENDPOINT and HTTPS_PROXY"
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
                "\(settings.endpoint) sends us in circles for \(subject); check HF_ENDPOINT"
            )
        }
    }

    /// One try's outcome.
    enum Attempt<Value: Sendable>: Sendable {
        case done(Value)
        case failed(reason: String, asked: String?)
    }

    /// Repeats something until it is done or the patience ends.
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
                // Who is offline should not wait long for what the cache has.
                if isWithoutConnection(error) { limit = min(limit, 2) }
            }
            guard attempt < limit else {
                throw HubError(
                    .unreachable,
                    "\(settings.endpoint) \(reason) when asked for \(subject), \(attempt) times; "
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
            "\(subject) is not in the cache \(cache.folder.path(percentEncoded: false)), and HF_HUB_OFFLINE forbids the network; "
                + "unset it, or download it before"
        )
    }

    /// An answer's body, whole.
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

    /// A redirect's target, which may be relative.
    func resolved(_ location: String, against address: String) -> String? {
        guard let base = URL(string: address), let url = URL(string: location, relativeTo: base) else {
            return nil
        }
        return url.absoluteString
    }
}
