import Foundation

/// What kind of screen messages appear on.
enum Terminal {
    /// Whether standard error is a terminal that can take a line back.
    static var rewritesLines: Bool { isatty(STDERR_FILENO) == 1 && takesEscapes }

    /// Whether standard output is a terminal that shows colours, and nobody has forbidden them (https://no-color.org).
    static var showsColors: Bool {
        isatty(STDOUT_FILENO) == 1 && takesEscapes && variable("NO_COLOR").isEmpty
    }

    /// The characters of a line on standard error; nil if nobody says.
    ///
    /// People change it at any time.
    static var columns: Int? {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// A terminal without a name, or a dumb one, shows escape sequences as rubbish.
    private static var takesEscapes: Bool { !["", "dumb"].contains(variable("TERM")) }

    private static func variable(_ name: String) -> String {
        ProcessInfo.processInfo.environment[name] ?? ""
    }
}
