import JSON

/// A family of routes with the same error bodies.
enum APIFamily: Sendable {
    /// text-embeddings-inference's routes.
    case textEmbeddings
    /// Hugging Face's clients.
    case huggingFace
    /// Our own API.
    case own
    /// OpenAI's and vLLM's clients.
    case openAI
    /// The Open Inference Protocol.
    case openInference
    /// Health, metrics and documents.
    case server

    /// The name of the schema of its error bodies.
    var errorSchema: String {
        switch self {
        case .textEmbeddings, .server: "ServerError"
        case .huggingFace, .openInference: "MessageError"
        case .own: "KindError"
        case .openAI: "OpenAIError"
        }
    }

    /// The statuses of refused requests.
    ///
    /// - Parameter hasBody: Whether requests have a body.
    /// - Returns: The statuses, in order.
    func statuses(hasBody: Bool) -> [Int] {
        let always = [400, 405, 421, 429, 500, 503]
        let read = hasBody ? [408, 413, 415] : []
        let special: [Int] =
            switch self {
            case .textEmbeddings: hasBody ? [404, 422, 424] : [404]
            case .huggingFace: [404, 422, 424]
            case .own: [404, 422]
            case .openAI, .openInference: [404]
            case .server: []
            }
        return (always + read + special).sorted()
    }

    /// A response to a refused request.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - others: The families whose error bodies the route has as well.
    /// - Returns: The response object.
    func failure(_ status: Int, others: [APIFamily] = []) -> JSONValue {
        // Checks before the routes have the server's own error body.
        let names = ["ServerError", errorSchema] + others.map(\.errorSchema)
        let schemas = Set(names).sorted().map(APISchema.named)
        var content = [("application/json", JSONValue.object(["schema": APISchema.any(of: schemas)]))]
        if self == .textEmbeddings, [400, 408, 413, 415, 422].contains(status) {
            content.append(("text/plain", .object(["schema": APISchema.text])))
        }
        var response = JSONObject([("description", .string(Self.reason(status)))])
        if [429, 503].contains(status) {
            response["headers"] = .object([
                "Retry-After": .object([
                    "description": .string("The seconds after which the request may succeed."),
                    "schema": APISchema.integer,
                ])
            ])
        }
        if status == 405 {
            response["headers"] = .object([
                "Allow": .object([
                    "description": .string("The methods that the route allows."), "schema": APISchema.text,
                ])
            ])
        }
        response["content"] = .object(JSONObject(content))
        return .object(response)
    }

    /// The meaning of a status.
    private static func reason(_ status: Int) -> String {
        switch status {
        case 400: "The request is malformed, or its text is empty or too long."
        case 404: "There is no such model or route."
        case 405: "The route does not allow the method."
        case 408: "The body did not arrive in time."
        case 413: "The body is larger than the limit."
        case 415: "The content type is not supported."
        case 421: "The server does not answer for this host."
        case 422: "A field has a wrong value, or there are too many items."
        case 424: "The model failed."
        case 429: "The server is overloaded."
        case 503: "The models are loading, or the server is stopping."
        default: "The computation failed."
        }
    }
}
