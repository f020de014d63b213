import ArgumentParser
import Attune
import Foundation
import ProcessGroups

/// The error that ends one of several processes, for messages.
struct RankFailure {
    /// The message; empty if it was printed already.
    let message: String
    /// The exit code.
    let code: ExitCode
    /// Whether another process has failed, and this one only heard of it.
    let isOfAnother: Bool

    /// Describes an error.
    ///
    /// - Parameters:
    ///   - error: The error that ended the work.
    ///   - line: The training command line, which knows the lines of its recipe's settings; nil for other commands.
    init(_ error: any Error, _ line: TrainingCommandLine? = nil) {
        isOfAnother = (error as? DistributedError)?.code == .peerFailed
        switch error {
        case let error as ExitCode: (message, code) = ("", error)
        case let error as DistributedError where error.code == .peerFailed:
            (message, code) = ("stopped, because \(error.message)", ExitCode(for: error))
        case is ValidationError:
            (message, code) = (line?.located("\(error)") ?? "\(error)", .validationFailure)
        default: (message, code) = ("\(error)", ExitCode(for: error))
        }
    }

    /// Tells the others, prints the error, and ends this process.
    ///
    /// It ends at once: the group is dead after an error, and releasing it would wait for the other processes.
    ///
    /// - Parameters:
    ///   - launch: The launch of this process.
    ///   - group: The group; nil if joining it failed, which the others know already.
    func endProcess(_ launch: Launch, _ group: ProcessGroup?) -> Never {
        let console = Console.current
        if message.isEmpty {
            console.close()
        } else {
            console.error("rank \(launch.rank): \(message)", exitCode: code.rawValue)
        }
        if !isOfAnother {
            group?.fail(message.isEmpty ? "it ended with the exit code \(code.rawValue)" : message)
        }
        _exit(code.rawValue)
    }
}
