import Foundation
import TestSupport
import Testing

/// Escape sequences are written only to terminals that support them.
@Suite(.hangGuard)
struct TerminalTests {
    /// Runs the command with standard output and standard error on a new pseudo-terminal.
    private func onTerminal(
        _ arguments: [String],
        variables: [String: String],
        columns: UInt16 = 0
    ) throws -> String {
        var (leader, follower): (Int32, Int32) = (-1, -1)
        var size = winsize()
        (size.ws_col, size.ws_row) = (columns, 24)
        try #require(openpty(&leader, &follower, nil, nil, &size) == 0)
        defer { close(leader) }
        let process = Process()
        process.executableURL = attuneExecutable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        let terminal = FileHandle(fileDescriptor: follower, closeOnDealloc: false)
        process.standardOutput = terminal
        process.standardError = terminal
        try process.run()
        close(follower)
        var shown: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        // Reading fails after the last process has closed the terminal.
        while case let count = read(leader, &buffer, buffer.count), count > 0 {
            shown += buffer.prefix(count)
        }
        try waitForExit(of: process)
        try #require(process.terminationStatus == 0, "\(String(decoding: shown, as: UTF8.self))")
        return String(decoding: shown, as: UTF8.self)
    }

    private func rows(_ count: Int, in folder: URL) throws -> String {
        let data = folder.appending(path: "data.csv")
        let rows = (0..<count).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }
        try Data("text,label\n\(rows.joined(separator: "\n"))\n".utf8).write(to: data)
        return data.path(percentEncoded: false)
    }

    private func trained(in folder: URL) throws -> String {
        let out = folder.appending(path: "out").path(percentEncoded: false)
        let outcome = try attune([
            "train", "--model",
            Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false),
            "--dataset", rows(24, in: folder), "--text-column", "text", "--label-column", "label",
            "--max-steps", "1",
            "--output-dir", out, "--threads", "1",
        ])
        try #require(outcome.code == 0, "\(outcome.errors)")
        return out
    }

    @Test func `a dumb or unnamed terminal gets no escape sequences, and lines fit other terminals`()
        throws
    {
        try withTemporaryFolder { folder in
            let model = try trained(in: folder)
            let arguments = ["predict", "--model", model, "--input", try rows(400, in: folder), "--output"]
            let output = folder.appending(path: "o").path(percentEncoded: false)
            for variables in [["TERM": "dumb"], ["TERM": ""], ["TERM": "xterm", "CI": "true"]] {
                let shown = try onTerminal(arguments + [output], variables: variables)
                // A short prediction leaves only its summary.
                #expect(shown == "wrote 400 predictions to \(output)\r\n", "\(shown)")
            }
            let shown = try onTerminal(
                arguments + [output],
                variables: ["TERM": "xterm", "NO_COLOR": "1", "CI": ""],
                columns: 16
            )
            #expect(shown.contains("\r\u{1B}[2Kpredict  █"), "\(shown.debugDescription)")
            // The live line is erased before the summary.
            #expect(shown.contains("\r\u{1B}[2Kwrote 400"), "\(shown.debugDescription)")
            for line in shown.replacing("\r\n", with: "\r\u{1B}[2K").split(separator: "\r\u{1B}[2K") {
                #expect(line.count < 16 || line.contains(output), "\(line)")
            }
        }
    }

    @Test func `colours are shown if the terminal supports them and NO_COLOR is not set`() throws {
        try withTemporaryFolder { folder in
            let arguments = ["tokenize", "--model", try trained(in: folder), "--text", "sunny day", "--show"]
            func shown(_ variables: [String: String]) throws -> Bool {
                try onTerminal(arguments, variables: ["NO_COLOR": ""].merging(variables) { $1 }).contains(
                    "\u{1B}"
                )
            }
            #expect(try shown(["TERM": "xterm"]))
            #expect(try !shown(["TERM": "xterm", "NO_COLOR": "1"]))
            #expect(try !shown(["TERM": "dumb"]))
            #expect(try !shown(["TERM": ""]))
        }
    }
}
