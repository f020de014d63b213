/// Why a run cannot start or go on.
public struct TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// A value that cannot be, or that contradicts another.
        case badArgument
        /// The data cannot be trained on: one class only, no examples.
        case badData
        /// The loss or a gradient is no longer a number.
        case notFinite
        /// The device's memory does not suffice.
        case outOfMemory
        /// A checkpoint cannot be resumed from.
        case badCheckpoint
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong and what to do.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
