import ArgumentParser
import Attune
import Foundation
import Hub

/// Exit codes beyond success and usage, as sysexits has them.
extension ExitCode {
    static let badData = ExitCode(65)
    static let missingInput = ExitCode(66)
    static let unavailable = ExitCode(69)
    static let internalError = ExitCode(70)
    static let cannotCreate = ExitCode(73)
    static let inputOutput = ExitCode(74)
    static let notAllowed = ExitCode(77)
    static let interrupted = ExitCode(130)
    /// As a shell reports a process that ended because nobody reads its output any more.
    static let readerGone = ExitCode(141)

    /// The code that an error of the library stands for.
    init(for error: any Error) {
        self =
            switch error {
            case let error as CheckpointError: Self.of(error.code)
            case let error as DatasetError: Self.of(error.code)
            case let error as FileError: Self.of(error.code)
            case let error as HubError: Self.of(error.code)
            case let error as ModelError: error.code == .missingFile ? .missingInput : .badData
            case let error as TokenizerError: Self.of(error.code)
            case let error as TrainingError: Self.of(error.code)
            case is UnknownLabel: .badData
            // A table is too small for a file's ids, or the device is.
            case let error as TorchError: error.code == .indexOutOfRange ? .badData : .internalError
            default: .internalError
            }
    }

    private static func of(_ code: CheckpointError.Code) -> ExitCode {
        switch code {
        case .missing: .missingInput
        case .corrupt, .unsupported: .badData
        case .notAllowed: .notAllowed
        case .diskFull, .inputOutput: .inputOutput
        }
    }

    private static func of(_ code: HubError.Code) -> ExitCode {
        switch code {
        case .badName: .validationFailure
        case .notFound, .offline: .missingInput
        case .notAllowed: .notAllowed
        case .unreachable: .unavailable
        case .badAnswer, .unsupported: .badData
        }
    }

    private static func of(_ code: FileError.Code) -> ExitCode {
        switch code {
        case .missing: .missingInput
        case .notAllowed: .notAllowed
        case .exists: .cannotCreate
        case .diskFull, .inputOutput: .inputOutput
        case .readerGone: .readerGone
        }
    }

    private static func of(_ code: DatasetError.Code) -> ExitCode {
        switch code {
        case .missingFile: .missingInput
        case .notAllowed: .notAllowed
        case .cannotWrite: .inputOutput
        case .readerGone: .readerGone
        case .badFile, .badEncoding, .unknownFormat, .missingColumn, .badData: .badData
        }
    }

    private static func of(_ code: TrainingError.Code) -> ExitCode {
        switch code {
        case .badArgument: .validationFailure
        case .badData, .notFinite, .badCheckpoint: .badData
        case .outOfMemory: .internalError
        }
    }

    private static func of(_ code: TokenizerError.Code) -> ExitCode {
        switch code {
        case .unreadable: .missingInput
        case .corrupt, .unsupported, .impossible: .badData
        case .unwritable: .inputOutput
        }
    }
}

/// Runs a command's body; an error becomes one line on standard error and the right exit code.
func reportingFailure(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let code as ExitCode {
        throw code
    } catch let error as ValidationError {
        throw error
    } catch {
        throw reported(error)
    }
}

/// Reports an error in one line on standard error, unless it is only that nobody reads the results any more.
///
/// - Parameter error: What a command has thrown.
/// - Returns: The process's exit code. A process whose reader has ended does not come back: it ends as by the system's
///   signal for that, which shells expect.
func reported(_ error: any Error) -> ExitCode {
    let code = ExitCode(for: error)
    guard code != .readerGone else {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
        return code
    }
    writeToStandardError("attune: error: \(error)\n")
    return code
}
