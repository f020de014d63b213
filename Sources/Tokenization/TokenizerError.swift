/// What went wrong while a tokenizer was read, built or saved.
public struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure a caller may want to tell apart.
    public enum Code: String, Sendable, Equatable {
        /// There is no such file, or it cannot be read.
        case unreadable
        /// The files cannot be written.
        case unwritable
        /// The file is not a tokenizer's: no JSON, or a value is missing, of the wrong type or contradicts another.
        case corrupt
        /// The file is sound, and uses something that this version does not know.
        case unsupported
        /// What was asked for cannot be: a window shorter than its overlap, say.
        case impossible
    }

    /// The kind of failure.
    public let code: Code
    /// What happened with the values at hand, what was expected, and what to do next.
    public let message: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: What happened, what was expected, what to do next.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }

    /// The same error with the file it came from named in front.
    ///
    /// - Parameter file: The file's path, or another name for the source.
    /// - Returns: An error of the same code.
    func inside(_ file: String) -> TokenizerError { TokenizerError(code, "\(file): \(message)") }
}
