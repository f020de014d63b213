import Attune
import Files
import Foundation
import JSON

/// The state of a run in words and as JSON, for `attune watch`.
struct WatchText {
    let reading: WatchedRun.Reading
    /// The time in seconds since 1970.
    let now: Double

    private var snapshot: RunSnapshot { reading.snapshot }

    /// The state in one line.
    var state: String {
        let folder = reading.folder.path(percentEncoded: false).trimmingSuffix("/")
        let since = clockTime(max(0, snapshot.updateTime - snapshot.startTime))
        switch snapshot.state {
        case .finished where reading.hasFinished: return "\(folder) has finished, after \(since)"
        case .finished where reading.isOver:
            return "\(folder) has finished, but the next seed has not begun and no process is running"
        case .finished: return "\(folder) has finished; the next seed follows"
        case .interrupted:
            return
                "\(folder) was stopped after \(since); `attune train … --resume-from-checkpoint latest` resumes it"
        case .failed: return "\(folder) failed after \(since): \(message ?? "no message")"
        case .running where reading.life == .ended:
            return
                "\(folder) was killed, or its machine stopped; its last sign of life was \(clockTime(now - snapshot.updateTime)) ago"
        case .running where reading.life == .unknown:
            return
                "\(folder) was running \(clockTime(now - snapshot.updateTime)) ago on \(snapshot.origin?.host ?? "another machine")"
        case .running:
            return "\(folder) is running\(process), for \(clockTime(now - snapshot.startTime)) so far"
        }
    }

    private var process: String { snapshot.origin.map { " (process \($0.process) on \($0.host))" } ?? "" }

    private var message: String? {
        for entry in snapshot.entries.reversed() {
            if case .error(let message, _) = entry.event { return message }
        }
        return nil
    }

    /// The state, the last rows and the current progress, without a line feed at the end.
    ///
    /// - Parameter columns: The width of the terminal; nil for no limit.
    /// - Returns: The lines.
    func text(_ columns: Int?) -> String {
        var display = ProgressDisplay()
        var rows: [ProgressRow] = []
        for entry in snapshot.entries { rows += display.receive(entry.event, at: entry.time) }
        for entry in [snapshot.phase, snapshot.progress].compactMap({ $0 }) {
            _ = display.receive(entry.event, at: entry.time)
        }
        let style = LineStyle(columns: columns)
        var lines = state.folded(to: columns)
        if let repetition = snapshot.repetition {
            lines.append("seed \(repetition.seed), \(repetition.index + 1) of \(repetition.count)")
        }
        lines += rows.suffix(20).flatMap { $0.folded(style) }
        if snapshot.state == .running, !reading.wasKilled, let live = display.live(at: now) {
            lines += live.folded(style)
        }
        return lines.joined(separator: "\n")
    }

    /// The state for programs.
    var json: JSONObject {
        var object = snapshot.json
        object["state"] = .string(reading.wasKilled ? "killed" : snapshot.state.rawValue)
        object["folder"] = .string(reading.folder.path(percentEncoded: false))
        object["is_over"] = .bool(reading.isOver)
        return object
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) && count > 1 ? String(dropLast(suffix.count)) : self
    }
}
