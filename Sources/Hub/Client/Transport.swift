import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Sends single requests; it follows no redirect and repeats nothing.
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
        // By hand: a redirect to another host must not carry the token there.
        configuration.redirectConfiguration = .disallow
        // Ranges and hashes are of the bytes as they are stored.
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(
            connect: TimeAmount(settings.connectTimeout),
            read: TimeAmount(settings.readTimeout)
        )
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(8, settings.connections)
        // Repeating is the client's matter: this only would wait for the whole time limit.
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

    /// Whether an address is the endpoint's: the token goes nowhere else.
    func isEndpoint(_ address: String) -> Bool { Origin(address: address) == endpoint.origin }

    /// Sends one request.
    ///
    /// - Parameters:
    ///   - method: Such as GET.
    ///   - address: The whole address.
    ///   - headers: Beside the token's and the program's.
    ///   - body: What is sent, if anything.
    /// - Returns: The answer's head, and its body as it comes.
    /// - Throws: `HTTPClientError`, or what the system says of the connection.
    func send(
        _ method: HTTPMethod,
        _ address: String,
        headers: [(String, String)] = [],
        body: HTTPClientRequest.Body? = nil
    ) async throws -> HTTPClientResponse {
        guard let origin = Origin(address: address) else {
            throw HubError(
                .badAnswer,
                "\(endpoint) sent us to \"\(shown(withoutQuery(address)))\", which is no address"
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

/// An address without what may be secret in it: signed links carry keys after the question mark.
func withoutQuery(_ address: String) -> String {
    String(address.prefix { $0 != "?" && $0 != "#" })
}
