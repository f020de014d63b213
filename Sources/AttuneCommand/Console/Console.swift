import Attune
import Dispatch
import Files
import Foundation
import JSON
import Synchronization
import Training

/// Everything that a command writes to standard error: progress, notes and errors, in one of three forms.
///
/// In a terminal one live line is rewritten, and everything else stays above it. In a file or pipe there are whole lines only,
/// and with `--json` JSON objects. Any thread may write.
final class Console: Sendable {
    /// The console of the running command.
    @TaskLocal static var current = Console()

    /// The form of the messages.
    enum Form {
        /// A terminal whose last line is rewritten.
        case terminal
        /// Whole lines.
        case lines
        /// JSON objects, one per line.
        case json
    }

    /// The amount of messages.
    enum Detail {
        /// Only errors.
        case quiet
        /// Progress and notes.
        case normal
        /// Every number.
        case verbose
    }

    private struct State {
        var display: ProgressDisplay
        /// Whether the terminal's last line is the live line.
        var isDrawn = false
        /// The time of the last live line.
        var lastLine = -Double.infinity
        var begin: Double?
        var lastPhase: WorkPhase?
        var ticker: (any DispatchSourceTimer)?
    }

    private let form: Form
    private let detail: Detail
    /// The rank that marks every message; nil for none.
    private let rank: Int?
    private let state: Mutex<State>

    /// Creates a console on standard error.
    ///
    /// - Parameters:
    ///   - form: The form; nil takes that of a terminal if standard error is one.
    ///   - detail: The amount of messages.
    ///   - rank: A rank of several processes, to mark every message with; nil marks none.
    init(_ form: Form? = nil, _ detail: Detail = .normal, rank: Int? = nil) {
        self.form = form ?? (Terminal.rewritesLines ? .terminal : .lines)
        self.detail = detail
        self.rank = rank
        state = Mutex(State(display: ProgressDisplay(isVerbose: detail == .verbose)))
    }

    private static var now: Double { Date().timeIntervalSince1970 }

    // MARK: Events

    /// Shows an event.
    ///
    /// - Parameters:
    ///   - event: The event.
    ///   - time: Its time in seconds since 1970; nil for now.
    func receive(_ event: ProgressEvent, at time: Double? = nil) {
        if case .note(let text) = event { return note(text) }
        guard detail != .quiet || form == .json && Self.isResult(event) else { return }
        state.withLock { state in
            let now = time ?? Self.now
            if state.begin == nil { state.begin = now }
            guard form != .json else {
                if isDue(event, now, &state) { write(event, at: now) }
                return
            }
            let rows = state.display.receive(event, at: now)
            if case .phase = event { clear(&state) }
            stay(rows.flatMap { $0.folded(style) }, &state)
            if form == .lines, Self.isRow(event) { state.lastLine = now }
            guard isDue(event, now, &state) else { return }
            draw(at: now, &state)
        }
    }

    private static func isResult(_ event: ProgressEvent) -> Bool {
        switch event {
        case .error, .verdict, .result: true
        default: false
        }
    }

    /// Whether to write the event, or to draw the live line because of it.
    private func isDue(_ event: ProgressEvent, _ now: Double, _ state: inout State) -> Bool {
        switch event {
        case .phase(let phase, _):
            // In a file a phase is named when there is progress to report.
            state.lastPhase = phase
            if form == .lines { return false }
            state.lastLine = -.infinity
            return true
        // Short phases need no line in a file.
        case .progress where form == .lines && now - state.display.phaseStart < 3: return false
        case .progress, .step:
            let pause: Double =
                switch form {
                case .terminal: 0.1
                case .json: 1
                // Logs of long runs stay readable.
                case .lines: now - (state.begin ?? now) < 300 ? 10 : 60
                }
            guard now - state.lastLine >= pause || Self.isComplete(event) && form != .lines else {
                return false
            }
            state.lastLine = now
            return true
        default: return form == .json || state.isDrawn || form == .terminal
        }
    }

    /// Whether the event leaves a row that makes a progress line unnecessary.
    private static func isRow(_ event: ProgressEvent) -> Bool {
        switch event {
        case .log, .evaluation: true
        default: false
        }
    }

    private static func isComplete(_ event: ProgressEvent) -> Bool {
        switch event {
        case .progress(let progress): progress.done == progress.total
        case .step(let record, _): record.step == record.totalSteps
        default: false
        }
    }

    /// Shows a message for people.
    ///
    /// - Parameter text: One or more lines.
    func note(_ text: String) {
        guard detail != .quiet else { return }
        let text = text.trimmingCharacters(in: .newlines)
        state.withLock { state in
            guard form != .json else { return write(.note(Self.plain(text)), at: Self.now) }
            stay(highlighted(text.folded(to: style.columns)), &state)
            if form == .terminal { draw(at: Self.now, &state) }
        }
    }

    /// Shows an error, also with `--quiet`.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - code: The exit code of the command.
    func error(_ message: String, exitCode code: Int32) {
        state.withLock { state in
            guard form != .json else {
                return write(.error(message: message, exitCode: Int(code)), at: Self.now)
            }
            clear(&state)
            let lines = "attune: error: \(message)".folded(to: style.columns)
            StandardStreams.writeMessage(lines.joined(separator: "\n") + "\n")
        }
    }

    /// Shows a message that is never left out, such as the command that resumes an interrupted run.
    ///
    /// - Parameters:
    ///   - message: One or more lines.
    ///   - code: The exit code of the command.
    func stopped(_ message: String, exitCode code: Int32) {
        state.withLock { state in
            guard form != .json else {
                return write(.error(message: message, exitCode: Int(code)), at: Self.now)
            }
            clear(&state)
            StandardStreams.writeMessage(message + "\n")
        }
    }

    /// Removes the live line, for example before a result is printed.
    func close() {
        guard form == .terminal else { return }
        state.withLock { state in
            clear(&state)
            state.ticker?.cancel()
            state.ticker = nil
        }
    }

    // MARK: Lines

    private var style: LineStyle {
        guard form == .terminal else { return LineStyle(columns: nil) }
        // A line that reaches the last column would wrap in some terminals.
        return LineStyle(columns: max(1, (Terminal.columns ?? 80) - 1), hasColors: Terminal.takesColors)
    }

    /// A message without the program's name, which every JSON line would repeat.
    private static func plain(_ text: String) -> String { String(text.trimmingPrefix("attune: ")) }

    private func highlighted(_ lines: [String]) -> [String] {
        guard style.hasColors, var first = lines.first,
            let range = first.range(of: "warning:"),
            first[..<range.lowerBound].allSatisfy({ $0.isLetter || $0 == ":" || $0 == " " })
        else { return lines }
        first.replaceSubrange(range, with: "\u{1B}[33mwarning:\u{1B}[0m")
        return [first] + lines.dropFirst()
    }

    private func stay(_ lines: [String], _ state: inout State) {
        guard !lines.isEmpty else { return }
        clear(&state)
        StandardStreams.writeMessage(lines.map(marked).joined())
    }

    /// A line with its end, and with the rank before it.
    private func marked(_ line: String) -> String { (rank.map { "rank \($0): " } ?? "") + line + "\n" }

    private func write(_ event: ProgressEvent, at time: Double) {
        var object = event.json(at: time)
        if let rank { object["rank"] = .int(rank) }
        StandardStreams.writeMessage(JSONValue.object(object).oneLineInOrder + "\n")
    }

    private func clear(_ state: inout State) {
        guard state.isDrawn else { return }
        StandardStreams.writeMessage("\r\u{1B}[2K")
        state.isDrawn = false
    }

    private func draw(at time: Double, _ state: inout State) {
        guard let row = state.display.live(at: time) else { return }
        switch form {
        case .json: break
        case .lines: StandardStreams.writeMessage(row.folded(style).map(marked).joined())
        case .terminal:
            StandardStreams.writeMessage("\r\u{1B}[2K" + row.fitted(style))
            state.isDrawn = true
            if state.ticker == nil { state.ticker = ticker() }
        }
    }

    /// Redraws the live line now and then: time passes, and the terminal's width may change.
    private func ticker() -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
        timer.schedule(deadline: .now() + 0.5, repeating: 0.5, leeway: .milliseconds(100))
        timer.setEventHandler { [weak self] in
            self?.state.withLock { state in
                guard state.isDrawn else { return }
                self?.draw(at: Self.now, &state)
            }
        }
        timer.resume()
        return timer
    }
}

extension Console {
    /// Begins a phase.
    func begin(_ phase: WorkPhase, _ subject: String? = nil) { receive(.phase(phase, subject: subject)) }

    /// Shows that a part of the phase is done.
    func show(_ phase: WorkPhase, _ done: Int, of total: Int?) {
        receive(.progress(WorkProgress(phase, done: done, of: total)))
    }
}
