import HTTPTypes
import Hummingbird
import JSON
import Logging

/// The responses to errors that no route has turned into its own format: missing routes, refused requests, unexpected errors.
///
/// The body is `{"error": text, "error_type": kind}`, as text-embeddings-inference writes it.
enum ErrorReply {
    /// A response with a message.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - message: The message for the client.
    ///   - kind: The kind, in PascalCase as text-embeddings-inference's.
    ///   - headers: More header fields.
    /// - Returns: The response.
    static func response(
        _ status: HTTPResponse.Status,
        _ message: String,
        kind: String,
        headers: HTTPFields = [:]
    ) -> Response {
        .json(
            .object(["error": .string(message), "error_type": .string(kind)]),
            status: status,
            headers: headers
        )
    }

    /// The response to an error.
    ///
    /// The message of an unexpected error is not sent, because it might contain paths.
    ///
    /// - Parameters:
    ///   - error: The error.
    ///   - request: The request.
    ///   - context: Its context.
    /// - Returns: The response.
    /// - Throws: The errors of Hummingbird's own error responses.
    static func response(
        to error: any Error,
        request: Request,
        context: some RequestContext
    ) throws -> Response {
        switch error {
        case let fault as ServingFault: return response(to: fault)
        case let error as UnreadableBody:
            return response(
                .badRequest,
                error.description,
                kind: "Validation",
                headers: [.connection: "close"]
            )
        case is CancellationError: return response(.clientGone, "the client has hung up", kind: "Cancelled")
        case let error as HTTPError where error.status == .notFound && error.body == nil:
            return response(.notFound, "there is no such route; GET /docs lists them", kind: "NotFound")
        case let error as any HTTPResponseError: return try error.response(from: request, context: context)
        default:
            context.logger.error("unexpected error", metadata: ["error.type": "\(type(of: error))"])
            return response(
                .internalServerError,
                "unexpected error; the server's log has its kind under this request's id",
                kind: "Backend"
            )
        }
    }

    /// The response to a fault that concerns the whole request.
    ///
    /// - Parameter fault: The fault.
    /// - Returns: The response.
    static func response(to fault: ServingFault) -> Response {
        response(status(of: fault), fault.description, kind: kind(of: fault), headers: headers(of: fault))
    }

    /// The status of a fault.
    ///
    /// - Parameter fault: The fault.
    /// - Returns: The status that all routes use unless their format demands another one.
    static func status(of fault: ServingFault) -> HTTPResponse.Status {
        switch fault {
        case .overloaded: .tooManyRequests
        case .loading, .draining, .failedToLoad, .cancelled: .serviceUnavailable
        case .unknownModel: .notFound
        case .malformedJSON, .notUTF8: .badRequest
        case .tooManyItems, .wrongShape, .cannotLoad: .unprocessableContent
        case .unsupportedMediaType: .unsupportedMediaType
        case .bodyTooLarge: .contentTooLarge
        case .bodyTooSlow: .requestTimeout
        case .notAllowed: .forbidden
        }
    }

    /// The header fields of a fault: `Retry-After`, and `Connection: close` if the body was not read.
    ///
    /// - Parameter fault: The fault.
    /// - Returns: The fields.
    static func headers(of fault: ServingFault) -> HTTPFields {
        switch fault {
        case .overloaded(let seconds), .loading(let seconds): [.retryAfter: String(seconds)]
        case .draining, .cancelled: [.retryAfter: "1", .connection: "close"]
        case .bodyTooLarge, .bodyTooSlow: [.connection: "close"]
        default: [:]
        }
    }

    private static func kind(of fault: ServingFault) -> String {
        switch fault {
        case .overloaded: "Overloaded"
        case .loading, .draining, .failedToLoad, .cancelled: "Unhealthy"
        case .unknownModel: "NotFound"
        case .notAllowed: "NotAllowed"
        case .cannotLoad: "Backend"
        case .malformedJSON, .notUTF8, .tooManyItems, .wrongShape, .unsupportedMediaType, .bodyTooLarge,
            .bodyTooSlow:
            "Validation"
        }
    }
}

extension HTTPResponse.Status {
    /// The client hung up before its answer, as nginx logs it; no client sees it.
    static var clientGone: HTTPResponse.Status { .init(code: 499, reasonPhrase: "Client Closed Request") }
}
