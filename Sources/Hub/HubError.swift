/// Why something could not be had from the Hub, in one sentence that says what to do.
public struct HubError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// A repository, revision, file or address is not written as one is.
        case badName
        /// There is no such repository, revision or file, as far as this token may see.
        case notFound
        /// The token is missing, wrong or not allowed this.
        case notAllowed
        /// The Hub did not answer, or answered that it cannot now.
        case unreachable
        /// The network may not be used, and the cache does not have it.
        case offline
        /// What came is not what was announced.
        case badAnswer
        /// The repository holds nothing that can be used here.
        case unsupported
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong, with what, and what to do.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The same failure, with words before its message.
    ///
    /// - Parameter words: They end with a space.
    /// - Returns: The failure.
    public func adding(_ words: String) -> HubError { HubError(code, words + message) }

    /// The message.
    public var description: String { message }
}
