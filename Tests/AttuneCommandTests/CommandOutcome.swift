import Attune
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

/// Asks again and again until something is so.
///
/// - Parameters:
///   - limit: How long to ask.
///   - condition: What is to become so.
/// - Returns: Whether it did in time.
/// - Throws: What `condition` throws.
func waits(upTo limit: Duration, for condition: () throws -> Bool) rethrows -> Bool {
    let start = ContinuousClock.now
    while try !condition() {
        if ContinuousClock.now - start > limit { return false }
        Thread.sleep(forTimeInterval: 0.005)
    }
    return true
}

/// A process that does not end.
struct Hanging: Error { var arguments: [String]? }

/// Waits for a process, and ends it if it takes far too long: a test that hangs would hold up all others.
///
/// - Parameter process: A running process.
/// - Throws: ``Hanging``.
func waitForExit(of process: Process) throws {
    guard !waits(upTo: .seconds(300), for: { !process.isRunning }) else { return process.waitUntilExit() }
    kill(process.processIdentifier, SIGKILL)
    throw Hanging(arguments: process.arguments)
}

/// The caches of the executables that these tests start, apart from the user's own.
///
/// Products are measured before the first one starts, so that all of them compute by the same routes.
private let cacheHome: URL = {
    let folder = FileManager.default.temporaryDirectory.appending(path: "attune-command-tests-cache")
    _ = try? MeasuredProducts.measure(in: folder.appending(path: "attune/products"))
    return folder
}()

/// Runs a shell script, with the executable as `$ATTUNE` and a model to train as `$BASE`.
///
/// - Parameters:
///   - script: For `/bin/sh`.
///   - folder: The working folder.
///   - variables: Further ones.
/// - Returns: What the script said and how it ended.
/// - Throws: ``Hanging``; what starting a process can throw.
func shell(
    _ script: String,
    in folder: URL,
    variables: [String: String] = [:]
) throws -> CommandOutcome {
    let own = [
        "ATTUNE": attuneExecutable.path(percentEncoded: false),
        "BASE": Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false),
        "HF_HUB_OFFLINE": "1",
    ]
    return try outcome(
        of: URL(filePath: "/bin/sh"),
        ["-c", script],
        in: folder,
        variables: own.merging(variables) { $1 }
    )
}

/// Runs the built executable as a person runs it, with further variables.
func attune(_ arguments: [String], variables: [String: String] = [:]) throws -> CommandOutcome {
    try outcome(of: attuneExecutable, arguments, variables: variables)
}

/// Runs a program to its end, with caches of the tests' own.
private func outcome(
    of program: URL,
    _ arguments: [String],
    in folder: URL? = nil,
    variables: [String: String]
) throws -> CommandOutcome {
    let process = Process()
    (process.executableURL, process.arguments) = (program, arguments)
    if let folder { process.currentDirectoryURL = folder }
    process.environment = ProcessInfo.processInfo.environment
        .merging(["XDG_CACHE_HOME": cacheHome.path(percentEncoded: false)]) { $1 }
        .merging(variables) { $1 }
    return try withTemporaryFolder { streams in
        let files = ["out", "err"].map { streams.appending(path: $0) }
        for file in files { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        try waitForExit(of: process)
        // A script may print any bytes.
        return CommandOutcome(
            code: process.terminationStatus,
            output: String(decoding: try Data(contentsOf: files[0]), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self)
        )
    }
}
