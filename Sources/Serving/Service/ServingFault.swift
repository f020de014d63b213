/// The reason that a request as a whole is refused.
public enum ServingFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// Too many requests wait; retry after some seconds.
    case overloaded(retryAfter: Int)
    /// The models are not loaded yet; retry after some seconds.
    case loading(retryAfter: Int)
    /// The server is about to stop.
    case draining
    /// A model could not be loaded at the start.
    case failedToLoad(String)
    /// The client hung up, or the server stopped.
    case cancelled
    /// No model has the name.
    case unknownModel(String, known: [String])
    /// A request has too many items.
    case tooManyItems(count: Int, limit: Int)
    /// The body is not JSON; the message names the byte.
    case malformedJSON(String)
    /// The body is not UTF-8.
    case notUTF8
    /// A field of the body has another form than expected.
    case wrongShape(path: String, expected: String)
    /// The content type is not the expected one.
    case unsupportedMediaType(String?)
    /// The body has more bytes than allowed.
    case bodyTooLarge(limit: Int)
    /// The body did not arrive in time.
    case bodyTooSlow
    /// The request needs another key.
    case notAllowed(String)
    /// A model could not be loaded while running.
    case cannotLoad(String)

    /// The fault in words.
    public var description: String {
        switch self {
        case .overloaded(let seconds): "the server is overloaded; retry after \(counted(seconds, "second"))"
        case .loading(let seconds): "the model is loading; retry after \(counted(seconds, "second"))"
        case .draining: "the server is stopping"
        case .failedToLoad(let message), .cannotLoad(let message), .notAllowed(let message): message
        case .cancelled: "the request was cancelled"
        case .unknownModel(let name, let known):
            "there is no model \"\(name.prefix(mostCharacters))\"; the loaded models are \(known.map { "\"\($0)\"" }.joined(separator: ", "))"
        case .tooManyItems(let count, let limit):
            "the request has \(count) items, and at most \(limit) are allowed: send several requests"
        case .malformedJSON(let message): "the body is not JSON: \(message)"
        case .notUTF8: "the body is not UTF-8"
        case .wrongShape(let path, let expected): "\(path.prefix(mostCharacters)) must be \(expected)"
        case .unsupportedMediaType(let type):
            "the content type must be application/json\(type.map { ", not \($0.prefix(mostCharacters))" } ?? "")"
        case .bodyTooLarge(let limit): "the body has more than \(limit) bytes"
        case .bodyTooSlow: "the body did not arrive in time"
        }
    }
}

/// The most characters of a client's own words in a message.
private let mostCharacters = 200

/// A count with its unit.
private func counted(_ count: Int, _ unit: String) -> String { "\(count) \(unit)\(count == 1 ? "" : "s")" }
