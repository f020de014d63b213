import Foundation
import TestSupport

/// What the built executable said and how it ended.
struct CommandOutcome {
    var code: Int32
    var output: String
    var errors: String
}

/// The executable, which is built beside the tests.
let attuneExecutable = URL(filePath: ProcessInfo.processInfo.arguments[0]).resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "attune")

/// Runs the built executable as a person runs it, with further variables.
func attune(_ arguments: [String], variables: [String: String] = [:]) throws -> CommandOutcome {
    let process = Process()
    process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
    process.executableURL = attuneExecutable
    process.arguments = arguments
    return try withTemporaryFolder { folder in
        let files = ["out", "err"].map { folder.appending(path: $0) }
        for file in files { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        process.waitUntilExit()
        return CommandOutcome(
            code: process.terminationStatus,
            output: try String(contentsOf: files[0], encoding: .utf8),
            errors: try String(contentsOf: files[1], encoding: .utf8)
        )
    }
}
