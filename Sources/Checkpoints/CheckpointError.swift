import Files

/// An error in reading or writing a checkpoint.
public struct CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// The file or tensor does not exist.
        case missing
        /// The file's content is damaged or contradicts itself.
        case corrupt
        /// The file is valid but uses something that this version does not support.
        case unsupported
        /// Permission to read or write the file is missing.
        case notAllowed
        /// The disk is full.
        case diskFull
        /// Reading or writing failed for another reason.
        case inputOutput
    }

    /// The kind of failure.
    public var code: Code
    /// The problem, its file or tensor, and the remedy.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}

extension CheckpointError {
    /// A file's error with the corresponding code.
    init(_ error: FileError) {
        let code: Code =
            switch error.code {
            case .missing: .missing
            case .notAllowed: .notAllowed
            case .diskFull: .diskFull
            case .exists, .readerGone, .inputOutput: .inputOutput
            }
        self.init(code, error.message)
    }
}

/// Runs a closure that reads or writes a file, and turns its error into a checkpoint error.
///
/// - Parameter body: The closure.
/// - Returns: The closure's result.
/// - Throws: The file's error with the corresponding code.
func asCheckpoint<Result: ~Copyable>(
    _ body: () throws(FileError) -> Result
) throws(CheckpointError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw CheckpointError(error)
    }
}
