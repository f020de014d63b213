import Attune
import Foundation
import TestSupport

/// The output and exit code of the built executable.
struct CommandOutcome {
    var code: Int32
    var output: String
    var errors: String
}

/// The executable, built next to the tests.
let attuneExecutable = URL(filePath: ProcessInfo.processInfo.arguments[0]).resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "attune")

/// Polls until a condition is true.
///
/// - Parameters:
///   - limit: The maximum time to poll.
///   - condition: The condition to wait for.
/// - Returns: True if the condition became true in time.
/// - Throws: The errors of `condition`.
func waits(upTo limit: Duration, for condition: () throws -> Bool) rethrows -> Bool {
    let start = ContinuousClock.now
    while try !condition() {
        if ContinuousClock.now - start > limit { return false }
        Thread.sleep(forTimeInterval: 0.005)
    }
    return true
}

/// The error for a process that does not end.
struct Hanging: Error { var arguments: [String]? }

/// Waits for a process, and ends it if it takes far too long, so that a hanging test does not block all others.
///
/// - Parameter process: A running process.
/// - Throws: ``Hanging``.
func waitForExit(of process: Process) throws {
    guard !waits(upTo: .seconds(1200), for: { !process.isRunning }) else { return process.waitUntilExit() }
    kill(process.processIdentifier, SIGKILL)
    throw Hanging(arguments: process.arguments)
}

/// The caches of the executables that these tests start, separate from the user's.
///
/// Product routes are measured before the first one starts, so that all of them compute with the same routes.
private let cacheHome: URL = {
    let folder = FileManager.default.temporaryDirectory.appending(path: "attune-command-tests-cache")
    // Other tests keep the machine busy; the speeds do not matter here.
    _ = try? MeasuredProducts.measure(in: folder.appending(path: "attune/products"), isBusy: false)
    return folder
}()

/// Writes `d.csv`, texts about two kinds of weather with the labels `sun` and `rain`.
///
/// - Parameters:
///   - count: The number of rows.
///   - folder: The folder of the file.
/// - Throws: The errors of writing.
func writeWeather(_ count: Int, to folder: URL) throws {
    let rows = (0..<count).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }
    try Data("text,label\n\(rows.joined(separator: "\n"))\n".utf8)
        .write(to: folder.appending(path: "d.csv"))
}

/// Runs a command that plans or starts a training, with a small model and 40 rows of two labels, in a new folder.
///
/// - Parameters:
///   - command: The command's name.
///   - more: Further arguments.
/// - Returns: The output and exit code.
/// - Throws: ``Hanging``; the errors of starting a process.
func attuneWithRows(_ command: String, _ more: [String]) throws -> CommandOutcome {
    try withTemporaryFolder { folder in
        let rows = (0..<40).map { "text \($0),\($0 % 2)" }.joined(separator: "\n")
        try Data("text,label\n\(rows)\n".utf8).write(to: folder.appending(path: "data.csv"))
        let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        return try attune(
            [
                command, "--model", model, "--dataset", "data.csv", "--text-column", "text", "--label-column",
                "label",
            ] + more,
            in: folder
        )
    }
}

/// Runs a shell script, with the executable as `$ATTUNE` and a model to train as `$BASE`.
///
/// - Parameters:
///   - script: The script for `/bin/sh`.
///   - folder: The working folder.
///   - variables: Further environment variables.
/// - Returns: The script's output and exit code.
/// - Throws: ``Hanging``; the errors of starting a process.
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

/// Runs the built executable, with further environment variables.
func attune(
    _ arguments: [String],
    in folder: URL? = nil,
    variables: [String: String] = [:]
) throws -> CommandOutcome {
    try outcome(of: attuneExecutable, arguments, in: folder, variables: variables)
}

/// The environment of this process with the tests' own caches, so that all executables compute with the same routes.
var environmentOfTests: [String: String] {
    ProcessInfo.processInfo.environment
        .merging(["XDG_CACHE_HOME": cacheHome.path(percentEncoded: false)]) { $1 }
}

/// Runs a program to its end, with the tests' own caches.
private func outcome(
    of program: URL,
    _ arguments: [String],
    in folder: URL? = nil,
    variables: [String: String]
) throws -> CommandOutcome {
    let process = Process()
    (process.executableURL, process.arguments) = (program, arguments)
    if let folder { process.currentDirectoryURL = folder }
    process.environment = environmentOfTests.merging(variables) { $1 }
    // `attune predict` reads texts from a pipe, and the tests' own standard input may be one.
    process.standardInput = FileHandle.nullDevice
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
