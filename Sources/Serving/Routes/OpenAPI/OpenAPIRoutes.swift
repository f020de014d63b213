import HTTPTypes
import Hummingbird
import JSON

/// The OpenAPI document at `/api-doc/openapi.json`, and the page that shows it at `/docs`.
struct OpenAPIRoutes: Sendable {
    /// The classifiers, whose limits the document states.
    let service: ClassifierService

    /// The paths of all routes.
    static let paths = ["/api-doc/openapi.json", "/docs"]

    /// Adds the routes.
    ///
    /// - Parameter router: The router.
    func add<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        router.get("/api-doc/openapi.json") { _, _ in Response.json(OpenAPIDocument(limits).json) }
        router.get("/docs") { _, _ -> Response in
            let page = DocumentPage(OpenAPIDocument(limits))
            return Response.text(
                page.html,
                headers: [.contentSecurityPolicy: DocumentPage.policy, .xContentTypeOptions: "nosniff"],
                contentType: "text/html; charset=utf-8"
            )
        }
    }

    /// The limits of the server and of its default model.
    private var limits: OpenAPIDocument.Limits {
        var limits = OpenAPIDocument.Limits()
        limits.maxClientBatchSize = service.limits.maxClientBatchSize
        limits.maxItems = service.limits.maxItems
        if let model = service.models().first {
            limits.tokenIDs = model.embeddingRows
            limits.truncationLengths = model.truncationLengths.clamped(to: 1...ClassifyOptions.largest)
        }
        return limits
    }
}
