/// An error from the Hub; its message is one sentence that says what to do.
public struct HubError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// A malformed repository id, revision, file name or address.
        case badName
        /// No such repository, revision or file, or none that this token may see.
        case notFound
        /// The token is missing, invalid or lacks the permission.
        case notAllowed
        /// The Hub did not answer, or answered that it is temporarily unavailable.
        case unreachable
        /// The network may not be used, and the cache does not have the file.
        case offline
        /// The Hub's answer is invalid, or data does not match its announced size or hash.
        case badAnswer
        /// The repository has nothing that Attune can use.
        case unsupported
    }

    /// The kind of failure.
    public var code: Code
    /// The problem, its place, and the remedy.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Returns the same error with a prefix before its message.
    ///
    /// - Parameter words: The prefix, with a trailing space.
    /// - Returns: The error.
    public func adding(_ words: String) -> HubError { HubError(code, words + message) }

    /// Returns the same error with a suffix that suggests a remedy.
    ///
    /// - Parameter words: The suffix, which begins with a semicolon.
    /// - Returns: The error.
    package func adding(after words: String) -> HubError { HubError(code, message + words) }

    /// The message.
    public var description: String { message }
}
