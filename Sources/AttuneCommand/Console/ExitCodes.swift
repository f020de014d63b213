import ArgumentParser
import Attune
import Evaluation
import Export
import Foundation
import Hub
import ProcessGroups
import Serving

/// Exit codes besides success and usage, with the numbers of sysexits.
extension ExitCode {
    static let badData = ExitCode(65)
    static let missingInput = ExitCode(66)
    static let unavailable = ExitCode(69)
    static let internalError = ExitCode(70)
    static let cannotCreate = ExitCode(73)
    static let inputOutput = ExitCode(74)
    static let notAllowed = ExitCode(77)
    static let interrupted = ExitCode(130)
    /// The code that a shell reports for a process that SIGPIPE ended.
    static let readerGone = ExitCode(141)

    /// The exit code for an error of the library.
    init(for error: any Error) {
        self =
            switch error {
            case let error as CheckpointError: Self.of(error.code)
            case let error as DatasetError: Self.of(error.code)
            case let error as DistributedError: Self.of(error.code)
            case let error as ExportError: Self.of(error.code)
            case let error as FileError: Self.of(error.code)
            case let error as HubError: Self.of(error.code)
            case let error as ModelError: error.code == .missingFile ? .missingInput : .badData
            case let error as TokenizerError: Self.of(error.code)
            case let error as TrainingError: Self.of(error.code)
            case is UnknownLabel, is DecisionError: .badData
            case let error as RecipeError: error.code
            case is RunReportError: .badData
            case let error as ServerError: Self.of(error.code)
            case let error as ServingFault: Self.of(error)
            // An index beyond a tensor comes from a file's ids or from the number of a device.
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

    private static func of(_ code: DistributedError.Code) -> ExitCode {
        switch code {
        case .badLaunch, .mismatch: .validationFailure
        case .unreachable, .timedOut: .unavailable
        case .peerFailed, .failed: .internalError
        case .interrupted: .interrupted
        }
    }

    private static func of(_ code: ExportError.Code) -> ExitCode {
        switch code {
        case .missing: .missingInput
        case .corrupt, .unsupported: .badData
        case .badOption: .validationFailure
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

    private static func of(_ code: ServerError.Code) -> ExitCode {
        switch code {
        case .addressInUse: .unavailable
        case .noSuchAddress: .validationFailure
        case .notAllowed: .notAllowed
        case .missingFile: .missingInput
        case .badCertificate: .badData
        case .system: .internalError
        }
    }

    private static func of(_ fault: ServingFault) -> ExitCode {
        switch fault {
        case .cannotLoad, .failedToLoad: .badData
        default: .internalError
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

/// Runs a command's body.
///
/// Turns an error into one line on standard error and its exit code.
///
/// - Parameters:
///   - messages: The options for messages, if the command has them.
///   - body: The work.
/// - Throws: An exit code, after the error has been printed; errors of usage.
func reportingFailure(_ messages: MessageOptions? = nil, _ body: () throws -> Void) throws {
    guard let messages else { return try reportingErrors(body) }
    try Console.$current.withValue(messages.console) { try reportingErrors(body) }
}

private func reportingErrors(_ body: () throws -> Void) throws {
    defer { Console.current.close() }
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

/// Prints an error in one line on standard error, unless the error is a closed pipe.
///
/// - Parameter error: The error that a command threw.
/// - Returns: The process's exit code. For a closed pipe it does not return: the process ends by SIGPIPE, as shells expect.
func reported(_ error: any Error) -> ExitCode {
    let code = ExitCode(for: error)
    guard code != .readerGone else {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
        return code
    }
    Console.current.error("\(error)", exitCode: code.rawValue)
    return code
}
