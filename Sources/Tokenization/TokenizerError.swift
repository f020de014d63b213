/// Why a tokenizer cannot be read or written.
public struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// There is no such file, or it cannot be read.
        case unreadable
        /// The file is not a tokenizer's.
        case corrupt
        /// The file is sound, and uses something that this version does not know.
        case unsupported
        /// The files cannot be written.
        case unwritable
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong, at which place of which file, and what to do.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
