import JSON

// Health, metrics and documents.
extension OpenAPIDocument {
    /// The operations.
    static func serverOperations() -> [APIOperation] {
        let probes: [(String, String)] = [
            ("/health", "Whether requests are answered, as text-embeddings-inference reports it"),
            ("/ping", "The same, for SageMaker"),
            ("/health/ready", "Whether requests are answered"),
            ("/readyz", "The same, for Kubernetes"),
            ("/health/startup", "Whether loading has ended"),
            ("/health/live", "Whether the process lives"),
            ("/livez", "The same, for Kubernetes"),
        ]
        let empty = APIOperation.Answer(description: "Yes; no body.", content: [])
        func get(_ path: String, _ summary: String, _ answers: [APIOperation.Answer]) -> APIOperation {
            APIOperation(
                path: path,
                method: "get",
                family: .server,
                tag: "Server",
                summary: summary,
                answers: answers,
                needsKey: false
            )
        }
        func text(_ type: String, _ description: String) -> [APIOperation.Answer] {
            [.init(description: description, content: [(type, APISchema.text)])]
        }
        let others = [
            get("/metrics", "Measurements for Prometheus", text("text/plain", "Prometheus' text format.")),
            get(
                "/api-doc/openapi.json",
                "This document",
                [.json(.object(["type": .string("object")]), "OpenAPI 3.1.")]
            ),
            get("/docs", "This document as a page", text("text/html", "HTML.")),
            get(
                "/",
                "A page on which people try texts",
                [
                    .init(
                        description:
                            "The page for browsers; for other clients, no body if requests are answered.",
                        content: [("text/html", APISchema.text), ("text/plain", APISchema.text)]
                    ),
                    .init(status: 304, description: "The browser has the page.", content: []),
                    .init(status: 503, description: "Requests are not answered yet; no body.", content: []),
                ]
            ),
        ]
        return probes.map { get($0.0, $0.1, [empty]) } + others
    }
}
