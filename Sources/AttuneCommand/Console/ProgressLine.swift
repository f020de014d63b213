import Foundation

/// A progress line: rewritten in place in a terminal, else a new line every few seconds.
struct ProgressLine {
    private let isTerminal = Terminal.rewritesLines
    private var lastShown: ContinuousClock.Instant?
    private var isOpen = false

    /// Shows a text, unless the last one was shown a moment ago.
    ///
    /// - Parameters:
    ///   - text: The text; called only if it is shown.
    ///   - isLast: Whether to show the text in any case.
    mutating func show(_ text: () -> String, isLast: Bool = false) {
        let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
        let now = ContinuousClock.now
        if let lastShown, now - lastShown < pause, !isLast { return }
        lastShown = now
        if isTerminal {
            // A line wider than the terminal could not be erased completely.
            let shown = text().prefix(max(1, (Terminal.columns ?? .max) - 1))
            writeToStandardError("\r\u{1B}[2K" + shown)
            isOpen = true
        } else {
            writeToStandardError(text() + "\n")
        }
    }

    /// Ends the line, so that later output starts a new one.
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
