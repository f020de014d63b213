import ArgumentParser
import Attune
import Files
import Foundation
import JSON

/// `attune watch`.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Shows the progress of a run in another terminal or process, until it ends.",
        discussion: """
            RUN is the run's output folder, or the common folder of several seeds. The run may be on another machine that \
            shares the folder. Ctrl-C ends watching; the run continues.

            Exit codes: 0 the run has finished, or with --once is running; 1 it was stopped, failed or was killed; 66 there is \
            no run; 130 watching was interrupted.
            """
    )

    @Argument(help: ArgumentHelp("The output folder of the run.", valueName: "run"))
    var folder: String

    @Flag(help: "Print the state of the run on standard output, and exit.")
    var once = false

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            let watched = WatchedRun(URL(filePath: folder, directoryHint: .isDirectory))
            if once {
                let reading = try watched.read()
                try printResult(
                    WatchText(reading: reading, now: Date().timeIntervalSince1970).text(
                        Terminal.outputColumns
                    ),
                    WatchText(reading: reading, now: Date().timeIntervalSince1970).json,
                    asJSON: messages.json
                )
                if reading.isOver, !reading.hasFinished { throw ExitCode.failure }
                return
            }
            let interrupt = Interrupt()
            let listener = interrupt.listen(message: "watching ends; the run continues")
            defer { listener.forEach { $0.cancel() } }
            try follow(watched, interrupt)
        }
    }

    /// Shows the run until it ends.
    private func follow(_ watched: WatchedRun, _ interrupt: Interrupt) throws {
        var follower = RunFollower()
        while true {
            let reading = try watched.read()
            let time = Date().timeIntervalSince1970
            for item in follower.items(of: reading, at: time) {
                switch item {
                case .note(let text): Console.current.note(text)
                case .event(let event, let time): Console.current.receive(event, at: time)
                }
            }
            if reading.isOver {
                let text = WatchText(reading: reading, now: time)
                guard reading.hasFinished else {
                    Console.current.stopped(text.state, exitCode: ExitCode.failure.rawValue)
                    throw ExitCode.failure
                }
                Console.current.close()
                return try printResult(text.state, text.json, asJSON: messages.json)
            }
            for _ in 0..<10 {
                if interrupt.isRequested { throw ExitCode.interrupted }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
    }
}
