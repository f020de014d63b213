import HTTPTypes
import Hummingbird
import JSON

/// A failed request's answer, as text-embeddings-inference gives it.
///
/// Errors of the handler are JSON objects with `error` and `error_type`. Errors before it, such as malformed JSON, are
/// plain text.
struct TEIError: Error, Sendable, Equatable {
    /// The value of `error_type`, in the spelling that clients get.
    ///
    /// Source: `ErrorType` of text-embeddings-inference 1.9.3 (router/src/lib.rs:589; router/src/http/server.rs:1891).
    enum Kind: String, Sendable, Equatable {
        case unhealthy = "Unhealthy"
        case backend = "Backend"
        case overloaded = "Overloaded"
        case validation = "Validation"
        case tokenizer = "Tokenizer"
        case empty = "Empty"

        /// The status code.
        var code: Int {
            switch self {
            case .unhealthy: 503
            case .backend: 424
            case .overloaded: 429
            case .validation, .tokenizer: 422
            case .empty: 400
            }
        }
    }

    /// The members of an error's JSON object.
    enum Form: Sendable {
        /// `error` and `error_type`.
        case standard
        /// `message`, `code` and `type`, on the routes in OpenAI's form.
        case openAI
    }

    /// The status code.
    var code: Int
    /// The kind; nil for plain text.
    var kind: Kind?
    /// The message.
    var message: String
    /// Header fields such as `Retry-After`.
    var headers = HTTPFields()
    /// The cause in the metrics; nil if it is counted elsewhere, or not at all.
    var failure: FailureReason?

    /// Creates an error with a JSON body.
    ///
    /// - Parameters:
    ///   - kind: The kind.
    ///   - message: The message.
    ///   - failure: The cause in the metrics.
    init(_ kind: Kind, _ message: String, failure: FailureReason? = nil) {
        (code, self.kind, self.message, self.failure) = (kind.code, kind, message, failure)
    }

    /// Creates an error in plain text.
    ///
    /// - Parameters:
    ///   - code: The status code.
    ///   - text: The message.
    init(code: Int, text: String) { (self.code, message) = (code, text) }

    static let noReranker = "model is not a re-ranker model"
    static let noEmbedding = "Model is not an embedding model"
    static let noSparseEmbedding = "Model is not an embedding model with SPLADE pooling"

    /// The error of a route for other models than classifiers.
    ///
    /// - Parameter message: The required kind of model.
    /// - Returns: The error.
    static func otherModelType(_ message: String) -> TEIError {
        TEIError(.backend, "Backend error: \(message)", failure: .modelType)
    }
}

extension TEIError {
    /// The error for a request that is refused as a whole.
    ///
    /// - Parameter fault: The reason.
    init(_ fault: ServingFault) {
        switch fault {
        case .overloaded: self.init(.overloaded, "Model is overloaded", failure: .overloaded)
        case .loading, .draining, .failedToLoad: self.init(.unhealthy, fault.description)
        case .cancelled: self.init(.unhealthy, fault.description, failure: .dropped)
        case .unknownModel:
            self.init(.backend, "Backend error: \(fault)", failure: .modelType)
            // text-embeddings-inference always has a model.
            code = 404
        case .cannotLoad: self.init(.backend, "Backend error: \(fault)", failure: .modelType)
        case .tooManyItems(let count, let limit):
            self.init(
                .validation,
                "batch size \(count) > maximum allowed batch size \(limit)",
                failure: .batchSize
            )
        case .malformedJSON(let message):
            self.init(code: 400, text: "Failed to parse the request body as JSON: \(message)")
        case .notUTF8: self.init(code: 400, text: "Failed to parse the request body as JSON: not UTF-8")
        case .wrongShape(let path, let expected):
            self.init(
                code: 422,
                text:
                    "Failed to deserialize the JSON body into the target type: \(path): expected \(expected)"
            )
        case .unsupportedMediaType:
            self.init(code: 415, text: "Expected request with `Content-Type: application/json`")
        case .bodyTooLarge:
            self.init(code: 413, text: "Failed to buffer the request body: length limit exceeded")
        case .bodyTooSlow: self.init(code: 408, text: "Failed to buffer the request body: timed out")
        case .notAllowed: self.init(code: 401, text: "")
        }
        headers = ErrorReply.headers(of: fault)
    }

    /// The error for an input without an answer, which the request's record counts with its items.
    ///
    /// - Parameters:
    ///   - fault: The reason.
    ///   - input: The input.
    init(_ fault: ItemFault, of input: ServedInput) {
        let prefix = "Input validation error: `inputs` "
        switch fault {
        case .empty: self.init(.empty, prefix + "cannot be empty")
        case .tooLong(let tokens, let limit):
            self.init(.validation, prefix + "must have less than \(limit) tokens. Given: \(tokens)")
        case .tooManyCharacters(let limit):
            self.init(
                .validation,
                prefix + "must have less than \(limit) characters. Given: \(input.characterCount)"
            )
        case .unknownToken: self.init(.tokenizer, "tokenizer error \(fault)")
        case .nonFinite: self.init(.backend, "score is NaN")
        case .failed(let message): self.init(.backend, "Backend error: \(message)")
        }
    }

    /// The answers of a request, all of which must be there.
    ///
    /// - Parameters:
    ///   - results: The results.
    ///   - inputs: Their inputs.
    /// - Returns: The answers.
    /// - Throws: The error of the first input without an answer.
    static func answers(
        _ results: [ItemResult],
        of inputs: [ServedInput]
    ) throws(TEIError) -> [ServedAnswer] {
        var answers: [ServedAnswer] = []
        answers.reserveCapacity(results.count)
        for (result, input) in zip(results, inputs) {
            switch result {
            case .success(let answer): answers.append(answer)
            case .failure(let fault): throw TEIError(fault, of: input)
            }
        }
        return answers
    }

    /// The JSON object; nil for plain text.
    ///
    /// - Parameter form: The names of its members.
    /// - Returns: The object.
    func json(_ form: Form) -> JSONValue? {
        guard let kind else { return nil }
        switch form {
        case .standard:
            return .object(["error": .string(message), "error_type": .string(kind.rawValue)])
        case .openAI:
            return .object([
                "message": .string(message), "code": .int(code), "type": .string(kind.rawValue),
            ])
        }
    }

    /// The HTTP response.
    ///
    /// - Parameter form: The names of the members of a JSON body.
    /// - Returns: The response.
    func response(_ form: Form = .standard) -> Response {
        let status = HTTPResponse.Status(code: code)
        guard let json = json(form) else { return .text(message, status: status, headers: headers) }
        return .json(json, status: status, headers: headers)
    }
}
