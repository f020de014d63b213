import HTTPTypes
import Hummingbird
import JSON

/// The parts of an answer to a refused request that all families share; each puts them into its own error body.
struct FaultAnswer: Sendable {
    /// The HTTP status.
    private(set) var status: HTTPResponse.Status
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
        let words: (kind: String, reason: FailureReason) =
            switch fault {
            case .overloaded: ("overloaded", .overloaded)
            case .loading: ("loading", .validation)
            case .draining: ("draining", .validation)
            case .failedToLoad: ("failed_to_load", .validation)
            case .cancelled: ("cancelled", .dropped)
            case .unknownModel: ("unknown_model", .modelType)
            case .tooManyItems: ("too_many_items", .batchSize)
            case .malformedJSON: ("malformed_json", .validation)
            case .notUTF8: ("not_utf8", .validation)
            case .wrongShape: ("wrong_shape", .validation)
            case .unsupportedMediaType: ("unsupported_media_type", .validation)
            case .bodyTooLarge: ("body_too_large", .validation)
            case .bodyTooSlow: ("body_too_slow", .validation)
            case .notAllowed: ("not_allowed", .validation)
            case .cannotLoad: ("cannot_load", .validation)
            }
        (kind, reason) = (words.kind, words.reason)
        message = fault.description
        status = ErrorReply.status(of: fault)
        headers = ErrorReply.headers(of: fault)
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

/// The error of a route that answers all items of a request or none.
struct RefusedItem: Error, Sendable, Equatable {
    /// The reason.
    let fault: ItemFault
    /// The item's index in the request; nil if it is the only one.
    let index: Int?
}

extension FaultAnswer {
    /// Runs a route's work and turns a refusal into the family's error body.
    ///
    /// - Parameters:
    ///   - record: The request's record, which learns the reason.
    ///   - body: The family's error body.
    ///   - rejected: The family's status for a body of another form and for too many items.
    ///   - work: The work.
    /// - Returns: The answer.
    /// - Throws: The errors of `work` that are neither refusals of the request nor of an item.
    static func catching(
        _ record: RequestRecord,
        _ body: (FaultAnswer) -> JSONValue,
        rejecting rejected: HTTPResponse.Status = .unprocessableContent,
        _ work: () async throws -> Response
    ) async throws -> Response {
        var answer: FaultAnswer
        do {
            return try await work()
        } catch let fault as ServingFault {
            answer = FaultAnswer(fault)
        } catch let refused as RefusedItem {
            answer = FaultAnswer(refused.fault, index: refused.index)
        } catch let unknown as UnknownLabel {
            answer = FaultAnswer(unknown)
        } catch let broken as UnreadableBody {
            answer = FaultAnswer(broken)
        }
        record.note(failure: answer.reason)
        if answer.status == .unprocessableContent { answer.status = rejected }
        return .json(body(answer), status: answer.status, headers: answer.headers)
    }

    /// The answers of a route that answers all items of a request or none.
    ///
    /// - Parameter results: The service's results.
    /// - Returns: The answers, in order.
    /// - Throws: ``RefusedItem`` for the first item without an answer.
    static func all(_ results: [ItemResult]) throws(RefusedItem) -> [ServedAnswer] {
        var answers: [ServedAnswer] = []
        answers.reserveCapacity(results.count)
        for (index, result) in results.enumerated() {
            switch result {
            case .success(let answer): answers.append(answer)
            case .failure(let fault):
                throw RefusedItem(fault: fault, index: results.count == 1 ? nil : index)
            }
        }
        return answers
    }
}

extension FaultAnswer {
    /// The answer to a label that the model lacks.
    ///
    /// - Parameter unknown: The label.
    fileprivate init(_ unknown: UnknownLabel) {
        (status, kind, reason) = (.notFound, "unknown_label", .validation)
        message = unknown.description
        headers = [:]
    }

    /// The answer to a body that broke off.
    ///
    /// - Parameter broken: The reason.
    fileprivate init(_ broken: UnreadableBody) {
        (status, kind, reason) = (.badRequest, "unreadable_body", .validation)
        message = broken.description
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
