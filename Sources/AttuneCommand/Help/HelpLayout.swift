import Foundation

/// Lays help out for a terminal.
struct HelpLayout {
    /// The width in characters.
    let width: Int
    /// Whether headings are bold.
    let isStyled: Bool

    /// As wide as the terminal of standard output, but readable; 80 characters elsewhere.
    static var ofTerminal: HelpLayout {
        var size = winsize()
        let isTerminal = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return HelpLayout(
            width: isTerminal ? min(max(Int(size.ws_col), 30), 100) : 80,
            isStyled: Terminal.showsColors
        )
    }

    /// The columns to the left of explanations; few in a narrow terminal.
    private var column: Int { width < 60 ? 6 : 26 }

    /// Lays blocks out.
    ///
    /// - Parameter blocks: The parts of the help.
    /// - Returns: Lines, without a line break at the end.
    func rendered(_ blocks: [HelpBlock]) -> String {
        var lines: [String] = []
        var previous: HelpBlock?
        for block in blocks {
            if let previous, Self.separates(previous, block) { lines.append("") }
            lines += self.lines(of: block, isFirst: previous == nil)
            previous = block
        }
        return lines.joined(separator: "\n")
    }

    private static func separates(_ first: HelpBlock, _ second: HelpBlock) -> Bool {
        switch (first, second) {
        case (.heading, _), (.term, .term), (.line, .line), (.paragraph, .command): false
        case (.command, .command): false
        default: true
        }
    }

    private func lines(of block: HelpBlock, isFirst: Bool) -> [String] {
        switch block {
        case .heading(let text): [isStyled ? "\u{1B}[1m\(text)\u{1B}[0m" : text]
        case .paragraph(let text):
            wrapped(text, to: width - (isFirst ? 0 : 2)).map { (isFirst ? "" : "  ") + $0 }
        case .line(let text): ["  " + text]
        case .command(let command):
            Self.shellLines(command, width: width - 4).enumerated().map { ($0 == 0 ? "  " : "    ") + $1 }
        case .term(let name, let text): lines(of: name, text)
        }
    }

    private func lines(of name: String, _ text: String) -> [String] {
        let indent = String(repeating: " ", count: column)
        let texts = wrapped(text, to: width - column).map { indent + $0 }
        let start = "  " + name
        guard start.count + 2 <= column, let first = texts.first else {
            return wrapped(name, to: width - 2).enumerated().map { ($0 == 0 ? "  " : "    ") + $1 } + texts
        }
        return [start.padding(toLength: column, withPad: " ", startingAt: 0) + first.dropFirst(column)]
            + texts.dropFirst()
    }

    /// Breaks a text into lines.
    ///
    /// - Parameters:
    ///   - text: Words with spaces between them.
    ///   - width: The maximum length of a line, unless a word is longer.
    /// - Returns: The lines.
    func wrapped(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    /// Breaks a command line before flags, so that its lines can be copied together into a shell.
    ///
    /// - Parameters:
    ///   - command: The command line.
    ///   - width: The maximum length of a line, unless a flag with its values is longer.
    /// - Returns: Lines; all except the last end with a backslash.
    static func shellLines(_ command: String, width: Int) -> [String] {
        var units: [String] = []
        var isQuoted = false
        for word in command.split(separator: " ", omittingEmptySubsequences: false) {
            if isQuoted || !units.isEmpty && !word.hasPrefix("--") {
                units[units.count - 1] += " " + word
            } else {
                units.append(String(word))
            }
            if word.count(where: { $0 == "\"" || $0 == "'" }) % 2 == 1 { isQuoted.toggle() }
        }
        var lines: [String] = []
        for unit in units {
            if let last = lines.last, last.count + 1 + unit.count <= width - 2 {
                lines[lines.count - 1] = last + " " + unit
            } else {
                lines.append(unit)
            }
        }
        return lines.enumerated().map { $0 == lines.count - 1 ? $1 : $1 + " \\" }
    }
}
