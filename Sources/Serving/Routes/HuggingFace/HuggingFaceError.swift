import HTTPTypes
import Hummingbird
import JSON

/// A failed request's answer, as Hugging Face's clients read it: a JSON object with `error`.
///
/// A request is never answered with 503 except while the models load, because huggingface.js repeats such a request at
/// once and without end.
struct HuggingFaceError: Error, Sendable, Equatable {
    /// The status code.
    var code: Int
    /// The message.
    var message: String
    /// Header fields such as `Retry-After`.
    var headers = HTTPFields()
    /// The cause in the metrics; nil if it is counted elsewhere, or not at all.
    var failure: FailureReason?

    /// Creates the error for a request that is refused as a whole.
    ///
    /// - Parameter fault: The reason.
    init(_ fault: ServingFault) {
        message = fault.description
        switch fault {
        case .overloaded: (code, failure) = (429, .overloaded)
        case .loading: code = 503
        case .draining: code = 429
        case .cancelled: (code, failure) = (429, .dropped)
        case .failedToLoad, .cannotLoad: code = 500
        case .unknownModel: (code, failure) = (404, .modelType)
        case .tooManyItems: (code, failure) = (422, .batchSize)
        case .malformedJSON, .notUTF8: code = 400
        case .wrongShape: code = 422
        case .unsupportedMediaType: code = 415
        case .bodyTooLarge: code = 413
        case .bodyTooSlow: code = 408
        case .notAllowed: code = 401
        }
        headers = ErrorReply.headers(of: fault)
    }

    /// Creates the error for an input without an answer, which the request's record counts with its items.
    ///
    /// - Parameters:
    ///   - fault: The reason.
    ///   - index: The zero-based index of the input; nil if the request has only one.
    init(_ fault: ItemFault, at index: Int?) {
        message = (index.map { "inputs[\($0)]: " } ?? "") + fault.description
        switch fault {
        case .empty: code = 400
        case .tooLong, .tooManyCharacters, .unknownToken: code = 422
        case .nonFinite, .failed: code = 424
        }
    }

    /// The answers of a request, all of which must be there.
    ///
    /// - Parameter results: The results.
    /// - Returns: The answers.
    /// - Throws: The error of the first input without an answer.
    static func answers(_ results: [ItemResult]) throws(HuggingFaceError) -> [ServedAnswer] {
        var answers: [ServedAnswer] = []
        answers.reserveCapacity(results.count)
        for (index, result) in results.enumerated() {
            switch result {
            case .success(let answer): answers.append(answer)
            case .failure(let fault):
                throw HuggingFaceError(fault, at: results.count == 1 ? nil : index)
            }
        }
        return answers
    }

    /// The HTTP response.
    var response: Response {
        .json(
            .object(["error": .string(message)]),
            status: HTTPResponse.Status(code: code),
            headers: headers
        )
    }
}
