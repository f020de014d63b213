import HTTPTypes
import Hummingbird

/// The parts of an answer to a refused request that all families share; each puts them into its own error body.
struct FaultAnswer: Sendable {
    /// The HTTP status.
    let status: HTTPResponse.Status
    /// A word for programs, such as `too_many_items`.
    let kind: String
    /// The reason and the remedy, for people.
    let message: String
    /// `Retry-After` if the same request may succeed later.
    let headers: HTTPFields
    /// The reason in the metrics.
    let reason: FailureReason

    /// The answer to a request that is refused as a whole.
    ///
    /// - Parameter fault: The reason.
    init(_ fault: ServingFault) {
        var reason = FailureReason.validation
        var wait: Int?
        switch fault {
        case .overloaded(let seconds):
            (status, kind, reason, wait) = (.tooManyRequests, "overloaded", .overloaded, seconds)
        case .loading(let seconds): (status, kind, wait) = (.serviceUnavailable, "loading", seconds)
        case .draining: (status, kind, wait) = (.serviceUnavailable, "draining", 1)
        case .failedToLoad: (status, kind) = (.serviceUnavailable, "failed_to_load")
        case .unknownModel: (status, kind) = (.notFound, "unknown_model")
        case .tooManyItems: (status, kind, reason) = (.unprocessableContent, "too_many_items", .batchSize)
        case .malformedJSON: (status, kind) = (.badRequest, "malformed_json")
        case .notUTF8: (status, kind) = (.badRequest, "not_utf8")
        case .wrongShape: (status, kind) = (.unprocessableContent, "wrong_shape")
        case .unsupportedMediaType: (status, kind) = (.unsupportedMediaType, "unsupported_media_type")
        case .bodyTooLarge: (status, kind) = (.contentTooLarge, "body_too_large")
        case .bodyTooSlow: (status, kind) = (.requestTimeout, "body_too_slow")
        case .notAllowed: (status, kind) = (.forbidden, "not_allowed")
        case .cannotLoad: (status, kind) = (.unprocessableContent, "cannot_load")
        }
        self.reason = reason
        message = fault.description
        headers = wait.map { [.retryAfter: String($0)] } ?? [:]
    }

    /// The answer of a family that refuses a whole request because of one item.
    ///
    /// - Parameters:
    ///   - fault: The reason.
    ///   - index: The item's index in the request; nil if it is the only one.
    init(_ fault: ItemFault, index: Int? = nil) {
        switch fault {
        case .empty, .tooLong, .tooManyCharacters: (status, reason) = (.badRequest, .validation)
        case .unknownToken: (status, reason) = (.badRequest, .tokenization)
        case .nonFinite, .failed: (status, reason) = (.internalServerError, .inference)
        }
        kind = fault.kind
        message = (index.map { "Input \($0): " } ?? "") + fault.description
        headers = [:]
    }
}

extension ItemFault {
    /// A word for programs.
    var kind: String {
        switch self {
        case .empty: "empty"
        case .tooLong: "too_long"
        case .tooManyCharacters: "too_many_characters"
        case .unknownToken: "unknown_token"
        case .nonFinite: "non_finite"
        case .failed: "failed"
        }
    }
}
