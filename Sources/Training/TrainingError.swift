import Files

/// An error that prevents a run from starting or continuing.
public struct TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// An argument is invalid or contradicts another.
        case badArgument
        /// The data cannot be trained on, for example because it has only one class or no examples.
        case badData
        /// The loss or a gradient is NaN or infinite.
        case notFinite
        /// The device has too little memory.
        case outOfMemory
        /// A run cannot resume from a checkpoint.
        case badCheckpoint
    }

    /// The kind of failure.
    public var code: Code
    /// The problem and its remedy.
    public var message: String

    /// The settings that the message names, as recipes do: `learning_rate`.
    public let settings: [String]

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
        settings = settingsNamed(in: message)
    }

    /// The message.
    public var description: String { message }
}
