import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Sends single requests, without following redirects or retrying.
final class Transport: Sendable {
    private let straight: HTTPClient
    private let byProxy: HTTPClient?
    private let proxies: ProxySettings
    private let endpoint: Endpoint
    private let token: Token?
    private let settings: HubClient.Settings

    init(_ settings: HubClient.Settings) throws(HubError) {
        self.settings = settings
        endpoint = settings.endpoint
        token = settings.token
        proxies = ProxySettings(settings.environment)
        var configuration = HTTPClient.Configuration()
        // Redirects are followed elsewhere: a redirect to another host must not carry the token there.
        configuration.redirectConfiguration = .disallow
        // Ranges and hashes refer to the bytes as they are stored.
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(
            connect: TimeAmount(settings.connectTimeout),
            read: TimeAmount(settings.readTimeout)
        )
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(8, settings.connections)
        // The client retries. A retry here would only wait for the whole timeout.
        configuration.connectionPool.retryConnectionEstablishment = false
        var proxied: HTTPClient.Configuration?
        if let proxy = try proxies.proxy(for: settings.endpoint.origin) {
            proxied = configuration
            proxied?.proxy = proxy
        }
        straight = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        byProxy = proxied.map { HTTPClient(eventLoopGroupProvider: .singleton, configuration: $0) }
    }

    func shutdown() async {
        try? await straight.shutdown()
        try? await byProxy?.shutdown()
    }

    /// Whether an address belongs to the endpoint.
    ///
    /// The token is sent nowhere else.
    func isEndpoint(_ address: String) -> Bool { Origin(address: address) == endpoint.origin }

    /// Sends one request.
    ///
    /// - Parameters:
    ///   - method: The method, GET for example.
    ///   - address: The complete address.
    ///   - headers: Headers in addition to the token and the user agent.
    ///   - body: The request's body, if any.
    /// - Returns: The head of the answer, and its body as a stream.
    /// - Throws: `HTTPClientError`, or the system's error for the connection.
    func send(
        _ method: HTTPMethod,
        _ address: String,
        headers: [(String, String)] = [],
        body: HTTPClientRequest.Body? = nil
    ) async throws -> HTTPClientResponse {
        guard let origin = Origin(address: address) else {
            throw HubError(
                .badAnswer,
                "\(endpoint) redirected to \"\(shown(withoutQuery(address)))\", which is not a valid address"
            )
        }
        var request = HTTPClientRequest(url: address)
        request.method = method
        request.headers.add(name: "User-Agent", value: settings.userAgent)
        request.headers.add(name: "Accept-Encoding", value: "identity")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let token, origin == endpoint.origin {
            request.headers.add(name: "Authorization", value: "Bearer \(token.secret)")
        }
        request.body = body
        let proxied = try proxies.proxy(for: origin) != nil
        let client = proxied ? (byProxy ?? straight) : straight
        return try await client.execute(request, deadline: .distantFuture)
    }
}

/// An address without its query, which may contain a key of a signed link.
func withoutQuery(_ address: String) -> String {
    String(address.prefix { $0 != "?" && $0 != "#" })
}
