import Files

/// Why a checkpoint cannot be read or written.
public struct CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// There is no such file, or no such tensor.
        case missing
        /// The file is not what it says it is.
        case corrupt
        /// The file is sound, and uses something that this version does not know.
        case unsupported
        /// The file may not be read or written.
        case notAllowed
        /// The disk is full.
        case diskFull
        /// Reading or writing failed otherwise.
        case inputOutput
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong, in which file or tensor, and what to do.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}

/// Does what reads or writes a file, a failure becoming a checkpoint's.
///
/// - Parameter body: The work.
/// - Returns: What it returns.
/// - Throws: The file's error under the code that checkpoints have for it.
func asCheckpoint<Result: ~Copyable>(
    _ body: () throws(FileError) -> Result
) throws(CheckpointError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        let code: CheckpointError.Code =
            switch error.code {
            case .missing: .missing
            case .notAllowed: .notAllowed
            case .diskFull: .diskFull
            case .exists, .readerGone, .inputOutput: .inputOutput
            }
        throw CheckpointError(code, error.message)
    }
}
