import HTTPTypes
import Hummingbird
import NIOCore

/// The page on which people try texts, at `/`.
struct PageRoutes {
    /// The classifiers behind the page, which it reaches through the API.
    let service: ClassifierService

    /// Adds the page and an empty icon, so that browsers' requests for one are not errors.
    ///
    /// A client that does not ask for HTML gets text-embeddings-inference's health check instead.
    ///
    /// - Parameter router: The router to add to.
    func add<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        let page = PageDocument()
        let service = service
        router.get("/") { request, _ -> Response in
            if Self.acceptsHTML(request.headers) { return page.response(to: request) }
            let isHealthy = service.state == .ready
            // No body; the type is that of text-embeddings-inference's other short answers.
            return Response(
                status: isHealthy ? .ok : .serviceUnavailable,
                headers: [.vary: "Accept", .contentType: "text/plain; charset=utf-8"]
            )
        }
        router.get("/favicon.ico") { _, _ -> Response in
            Response(status: .noContent, headers: [.cacheControl: "max-age=86400"])
        }
    }

    /// Whether the client asks for HTML by name, as browsers do.
    ///
    /// - Parameter headers: The request's headers.
    /// - Returns: Whether `Accept` has `text/html` with a weight above 0; `*/*` is not enough.
    static func acceptsHTML(_ headers: HTTPFields) -> Bool {
        headers[values: .accept].joined(separator: ",").split(separator: ",").contains { range in
            let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            guard parts.first == "text/html" else { return false }
            guard let weight = parts.first(where: { $0.hasPrefix("q=") }) else { return true }
            return Double(weight.dropFirst(2)) ?? 0 > 0
        }
    }
}

extension PageDocument {
    /// The page as a response, or 304 if the client has it.
    ///
    /// - Parameter request: The request.
    /// - Returns: The response.
    func response(to request: Request) -> Response {
        var headers: HTTPFields = [
            .contentSecurityPolicy: policy,
            .xContentTypeOptions: "nosniff",
            .cacheControl: "no-cache",
            .eTag: tag,
            .vary: "Accept",
        ]
        for (name, value) in Self.safety {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = "text/html; charset=utf-8"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    /// Headers without a constant in HTTPTypes.
    private static let safety = [
        ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
}
