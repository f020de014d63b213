import Files
import HTTPTypes
public import Hummingbird

/// A secret that clients send as `Authorization: Bearer KEY`.
///
/// Only its digest is kept, and it has no description, so that it cannot be printed.
public struct APIKey: Sendable, Equatable, CustomStringConvertible {
    private let digest: [UInt8]

    /// Creates a key.
    ///
    /// - Parameter text: The key, without `Bearer`.
    public init(_ text: String) { digest = Self.digest(of: text) }

    /// A constant, so that no log shows the key.
    public var description: String { "API key" }

    /// Whether a request has this key.
    ///
    /// The digests are compared in a time that does not depend on them.
    ///
    /// - Parameter authorization: The request's `Authorization`.
    /// - Returns: False if there is none, or if its scheme is not `Bearer`.
    public func matches(_ authorization: String?) -> Bool {
        guard let authorization else { return false }
        let scheme = "bearer "
        guard authorization.prefix(scheme.count).lowercased() == scheme else { return false }
        return equalInConstantTime(Self.digest(of: String(authorization.dropFirst(scheme.count))), digest)
    }

    private static func digest(of text: String) -> [UInt8] {
        Array(SHA256.hexadecimalDigest(of: text.utf8).utf8)
    }
}

/// Compares bytes in a time that depends only on the numbers of bytes.
///
/// - Parameters:
///   - left: Bytes.
///   - right: Bytes.
/// - Returns: Whether they are equal.
func equalInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
}

/// Refuses requests without a key, except those of the public routes, which are those of text-embeddings-inference, the
/// probes and the page.
///
/// Without keys, all requests pass; a client may then send any `Authorization`, as huggingface_hub does.
public struct APIKeys<Context: RequestContext>: RouterMiddleware {
    private let keys: [APIKey]

    /// The public paths besides those of ``HealthRoutes``: the page, its icon, the documentation, metrics, and KServe's probes.
    private let publicPaths = [
        "/", "/favicon.ico", "/docs", "/api-doc", "/api-doc/openapi.json", "/metrics", "/v2/health/live",
        "/v2/health/ready",
    ]

    /// Creates the check.
    ///
    /// - Parameter keys: The keys; each one is enough.
    public init(_ keys: [APIKey]) { self.keys = keys }

    /// Passes the request on, or answers 401 with an empty body.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - context: Its context.
    ///   - next: The next handler.
    /// - Returns: The response.
    /// - Throws: The errors of the next handler.
    @concurrent
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard keys.isEmpty || isPublic(request) || isAllowed(request.headers[.authorization]) else {
            return Response(status: .unauthorized, headers: [.wwwAuthenticate: "Bearer"])
        }
        return try await next(request, context)
    }

    /// Compares with every key, so that the time does not tell which one matches.
    private func isAllowed(_ authorization: String?) -> Bool {
        keys.reduce(false) { found, key in
            let matches = key.matches(authorization)
            return found || matches
        }
    }

    private func isPublic(_ request: Request) -> Bool {
        guard request.method == .get || request.method == .head else { return false }
        let path = request.uri.path
        return HealthRoutes.paths.contains(path) || publicPaths.contains(path)
    }
}
