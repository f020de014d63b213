import Files

/// An error in creating, loading or saving a model.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// A required file is missing.
        case missingFile
        /// `config.json` lacks a field or has an invalid value.
        case badConfiguration
        /// This version does not support the family or one of its options.
        case unsupported
        /// The checkpoint's tensors do not match the configuration.
        case mismatchedCheckpoint
        /// The checkpoint's labels do not match the data's labels or the rows of its head.
        case mismatchedLabels
        /// The tokenizer has token ids beyond the model's embedding.
        case mismatchedTokenizer
    }

    /// The kind of failure.
    public var code: Code
    /// The problem, its place, and the remedy.
    public var message: String

    /// The settings that the message names, as recipes do: `max_length`.
    public let settings: [String]

    package init(_ code: Code, _ message: String) {
        settings = settingsNamed(in: message)
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
