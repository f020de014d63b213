/// An error in reading, building, using or saving a tokenizer.
public struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure that a caller may want to distinguish.
    public enum Code: String, Sendable, Equatable {
        /// The file is missing or cannot be read.
        case unreadable
        /// The files cannot be written.
        case unwritable
        /// The file is not a valid tokenizer file: it is not JSON, or a value is missing, has the wrong type or contradicts
        /// another.
        case corrupt
        /// The file is valid, but uses a feature that this version does not support.
        case unsupported
        /// The request cannot be fulfilled: a window shorter than its overlap, for example.
        case impossible
    }

    /// The kind of failure.
    public let code: Code
    /// The problem with its values, the expected values, and the next step.
    public let message: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: The problem, the expected values, and the next step.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }

    /// The same error, with the name of its file in front.
    ///
    /// - Parameter file: The file's path, or another name for the source.
    /// - Returns: An error of the same code.
    func inside(_ file: String) -> TokenizerError { TokenizerError(code, "\(file): \(message)") }
}
