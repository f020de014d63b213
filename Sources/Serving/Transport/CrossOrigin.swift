import HTTPTypes
public import Hummingbird

/// The web pages whose scripts may use the server.
public enum CrossOriginPolicy: Sendable, Equatable {
    /// Pages of any origin.
    case any
    /// Pages of these origins, such as `https://example.com`; an empty list allows only the server's own page.
    case origins([String])

    /// The value of `Access-Control-Allow-Origin`.
    ///
    /// - Parameter origin: The request's `Origin`.
    /// - Returns: Nil if the origin is not allowed.
    func allowed(_ origin: String) -> String? {
        switch self {
        case .any: "*"
        case .origins(let origins):
            origins.first { $0.lowercased() == origin.lowercased() }.map { _ in origin }
        }
    }

    /// Whether the response depends on the request's origin.
    var varies: Bool { self != .any }
}

/// Answers preflight requests, and lets the scripts of allowed pages read responses and their header fields.
///
/// text-embeddings-inference refuses `Authorization` in a preflight, and its `x-` fields cannot be read by scripts. Credentials
/// such as cookies are never allowed; keys are sent in `Authorization`.
///
/// Source: [Fetch, CORS protocol](https://fetch.spec.whatwg.org/#http-cors-protocol)
public struct CrossOrigin<Context: RequestContext>: RouterMiddleware {
    private let policy: CrossOriginPolicy

    /// The fields that scripts may read.
    private let exposed = [
        "Retry-After", "WWW-Authenticate", "X-Compute-Characters", "X-Compute-Time", "X-Compute-Tokens",
        "X-Compute-Type",
        "X-Inference-Time", "X-Queue-Time", "X-Request-Id", "X-Tokenization-Time", "X-Total-Time",
    ].joined(separator: ", ")

    /// Creates the middleware.
    ///
    /// - Parameter policy: The allowed pages.
    public init(_ policy: CrossOriginPolicy) { self.policy = policy }

    /// Answers a preflight request, or adds header fields to the response, also to that of an error.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - context: Its context.
    ///   - next: The next handler.
    /// - Returns: The response.
    /// - Throws: Nothing; the errors of the next handler become responses.
    @concurrent
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin] else {
            var response = try await next(request, context)
            // A cache must not give this response to a page.
            if policy.varies { vary(&response.headers) }
            return response
        }
        if request.method == .options, request.headers[.accessControlRequestMethod] != nil {
            return Response(status: .noContent, headers: preflight(origin))
        }
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = try ErrorReply.response(to: error, request: request, context: context)
        }
        if let allowed = policy.allowed(origin) {
            response.headers[.accessControlAllowOrigin] = allowed
            response.headers[.accessControlExposeHeaders] = exposed
        }
        if policy.varies { vary(&response.headers) }
        return response
    }

    private func preflight(_ origin: String) -> HTTPFields {
        var headers: HTTPFields = [:]
        if policy.varies { vary(&headers) }
        guard let allowed = policy.allowed(origin) else { return headers }
        headers[.accessControlAllowOrigin] = allowed
        headers[.accessControlAllowMethods] = "GET, HEAD, POST, DELETE, OPTIONS"
        headers[.accessControlAllowHeaders] = "Authorization, Content-Type, X-Request-Id, Traceparent"
        headers[.accessControlMaxAge] = "600"
        return headers
    }

    private func vary(_ headers: inout HTTPFields) {
        headers[.vary] = headers[.vary].map { $0 + ", Origin" } ?? "Origin"
    }
}
