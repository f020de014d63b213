import Foundation

/// One line that is rewritten in a terminal; elsewhere a line every few seconds.
struct ProgressLine {
    private let isTerminal = Terminal.rewritesLines
    private var lastShown: ContinuousClock.Instant?
    private var isOpen = false

    /// Shows a text, unless one was shown a moment ago.
    ///
    /// - Parameters:
    ///   - text: Made only if it is shown.
    ///   - isLast: Shown whenever the last one was.
    mutating func show(_ text: () -> String, isLast: Bool = false) {
        let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
        let now = ContinuousClock.now
        if let lastShown, now - lastShown < pause, !isLast { return }
        lastShown = now
        if isTerminal {
            // A line that is wider than the terminal could not be taken back whole.
            let shown = text().prefix(max(1, (Terminal.columns ?? .max) - 1))
            writeToStandardError("\r\u{1B}[2K" + shown)
            isOpen = true
        } else {
            writeToStandardError(text() + "\n")
        }
    }

    /// Ends the line, so that what follows has its own.
    mutating func close() {
        if isOpen { writeToStandardError("\n") }
        isOpen = false
        lastShown = nil
    }
}

/// `1:05:03`, `5:03`.
func clockTime(_ seconds: Double) -> String {
    let total = Int(max(0, seconds).rounded())
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
    return hours > 0
        ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
}
