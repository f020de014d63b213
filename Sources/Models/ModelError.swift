/// Why a model cannot be made, loaded or saved.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// A file that must be there is not.
        case missingFile
        /// `config.json` lacks a field, or holds a value that cannot be.
        case badConfiguration
        /// The family, or an option of it, is one that this version does not know.
        case unsupported
        /// The checkpoint's tensors are not those that the configuration asks for.
        case mismatchedCheckpoint
        /// The labels of the checkpoint are not those of the data, or do not name the rows of its head.
        case mismatchedLabels
        /// The tokenizer makes token ids that the model has no embedding for.
        case mismatchedTokenizer
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong, where, and what to do.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
