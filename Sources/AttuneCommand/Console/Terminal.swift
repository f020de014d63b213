import Foundation

/// The properties of the terminal.
enum Terminal {
    /// Whether standard error is a terminal that can erase a line.
    static var rewritesLines: Bool { isatty(STDERR_FILENO) == 1 && takesEscapes }

    /// Whether standard output is a terminal with colours, and NO_COLOR is not set (https://no-color.org).
    static var showsColors: Bool {
        isatty(STDOUT_FILENO) == 1 && takesEscapes && variable("NO_COLOR").isEmpty
    }

    /// The width of standard error's terminal in characters; nil if unknown.
    ///
    /// The width can change at any time.
    static var columns: Int? {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Whether the terminal supports escape sequences; one without a name, or a dumb one, does not.
    private static var takesEscapes: Bool { !["", "dumb"].contains(variable("TERM")) }

    private static func variable(_ name: String) -> String {
        ProcessInfo.processInfo.environment[name] ?? ""
    }
}
