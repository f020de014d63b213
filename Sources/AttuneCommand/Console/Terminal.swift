import Foundation

/// The properties of the terminal.
enum Terminal {
    /// Whether standard error is a terminal that can erase a line, and a person may be looking at it.
    ///
    /// Continuous integration keeps everything that is written.
    static var rewritesLines: Bool {
        isatty(STDERR_FILENO) == 1 && takesEscapes
            && ["", "0", "false"].contains(variable("CI").lowercased())
    }

    /// Whether standard output is a terminal with colours, and NO_COLOR is not set (https://no-color.org).
    static var showsColors: Bool { isatty(STDOUT_FILENO) == 1 && takesColors }

    /// Whether a terminal may be given colours.
    static var takesColors: Bool { takesEscapes && variable("NO_COLOR").isEmpty }

    /// The width of standard error's terminal in characters, at most COLUMNS; nil if it is none or unknown.
    ///
    /// The width can change at any time.
    static var columns: Int? { columns(of: STDERR_FILENO) }

    /// The width of standard output's terminal in characters, at most COLUMNS; nil if it is none or unknown.
    static var outputColumns: Int? { columns(of: STDOUT_FILENO) }

    private static func columns(of descriptor: Int32) -> Int? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let given = Int(variable("COLUMNS")).flatMap { $0 > 0 ? $0 : nil }
        return [isKnown ? Int(size.ws_col) : nil, given].compactMap { $0 }.min()
    }

    /// Whether the terminal supports escape sequences; one without a name, or a dumb one, does not.
    private static var takesEscapes: Bool { !["", "dumb"].contains(variable("TERM")) }

    private static func variable(_ name: String) -> String {
        ProcessInfo.processInfo.environment[name] ?? ""
    }
}
