import HTTPTypes
import Hummingbird
import JSON
import NIOCore

/// The routes of text-embeddings-inference's classifier API.
///
/// They answer as version 1.9.3 does, with two differences: scores follow from the model's problem type and decisions
/// unless ``usesTEIActivation`` is set, and answers to overload have the header `Retry-After`.
///
/// `POST /` also answers Hugging Face's clients, whose bodies have the member `parameters`.
struct TEIRoutes: Sendable {
    /// The classifiers.
    let service: ClassifierService
    /// Whether scores are computed as text-embeddings-inference does, whatever the problem type and the decisions.
    var usesTEIActivation = false

    /// The paths of all routes.
    static let paths = [
        "/", "/info", "/predict", "/invocations", "/vertex", "/tokenize", "/decode", "/embed", "/embed_all",
        "/embed_sparse", "/rerank", "/similarity", "/embeddings", "/v1/embeddings",
    ]

    /// Adds the routes.
    ///
    /// - Parameter router: The router.
    func add<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        router.get("/info") { _, _ in info() }
        router.post("/predict") { request, context in
            try await respond(request, context.record) { try await predict($0, context.record) }
        }
        router.post("/invocations") { request, context in
            try await respond(request, context.record) { try await predict($0, context.record) }
        }
        router.post("/") { request, context in
            try await respond(request, context.record) { json in
                if json.object?.contains("parameters") == true {
                    return await HuggingFaceRoutes(service: service).answer(json, context.record)
                }
                return try await predict(json, context.record)
            }
        }
        router.post("/vertex") { request, context in
            try await respond(request, context.record) { try await vertex($0, context.record) }
        }
        router.post("/tokenize") { request, context in
            try await respond(request, context.record) { try tokenize($0) }
        }
        router.post("/decode") { request, context in
            try await respond(request, context.record) { try decode($0) }
        }
        addOtherModelTypes(to: router)
    }

    /// Adds the routes that need other models than classifiers, which answer with an error.
    private func addOtherModelTypes<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        let routes: [(path: String, message: String, form: TEIError.Form)] = [
            ("/embed", TEIError.noEmbedding, .standard),
            ("/embed_all", TEIError.noEmbedding, .standard),
            ("/embed_sparse", TEIError.noSparseEmbedding, .standard),
            ("/rerank", TEIError.noReranker, .standard),
            ("/similarity", TEIError.noEmbedding, .standard),
            ("/embeddings", TEIError.noEmbedding, .openAI),
            ("/v1/embeddings", TEIError.noEmbedding, .openAI),
        ]
        for (path, message, form) in routes {
            router.post(RouterPath(path)) { request, context in
                try await respond(request, context.record, form) { _ in
                    throw TEIError.otherModelType(message)
                }
            }
        }
    }

    /// Answers a request, or gives its error text-embeddings-inference's form.
    ///
    /// - Parameters:
    ///   - request: The request, with a JSON body.
    ///   - record: Gets the cause of a failure.
    ///   - form: The form of an error's body.
    ///   - work: Computes the answer from the body.
    /// - Returns: The response.
    /// - Throws: Errors that are neither a `TEIError` nor a `ServingFault`.
    private func respond(
        _ request: Request,
        _ record: RequestRecord,
        _ form: TEIError.Form = .standard,
        _ work: @escaping @Sendable (JSONValue) async throws -> Response
    ) async throws -> Response {
        let failure: TEIError
        do {
            try request.requireJSON()
            return try await request.withBody(service) { body in
                try await work(try JSONValue.parseTEI(body))
            }
        } catch let error as TEIError {
            failure = error
        } catch let fault as ServingFault {
            failure = TEIError(fault)
        }
        if let reason = failure.failure { record.note(failure: reason) }
        return failure.response(form)
    }
}

extension Response {
    /// A response with a JSON text.
    ///
    /// - Parameters:
    ///   - json: The text in UTF-8.
    ///   - headers: Further headers.
    /// - Returns: The response.
    static func json(text json: [UInt8], headers: HTTPFields = HTTPFields()) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json))
        )
    }
}
