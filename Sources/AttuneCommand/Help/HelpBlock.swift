/// A part of a help text, independent of its layout.
enum HelpBlock: Equatable {
    /// A heading.
    case heading(String)
    /// Text to be wrapped.
    case paragraph(String)
    /// A line that stays as it is.
    case line(String)
    /// A command line, wrapped only between its words, with backslashes.
    case command(String)
    /// A name and its explanation.
    case term(String, String)
}

extension HelpBlock {
    /// The blocks of a discussion in a command's configuration: paragraphs, and indented lines.
    ///
    /// - Parameter text: Paragraphs, with an empty line between them.
    /// - Returns: The blocks.
    static func blocks(of text: String) -> [HelpBlock] {
        text.split(separator: "\n\n").flatMap { part in
            part.hasPrefix(" ")
                ? part.split(separator: "\n").map { .line(String($0.drop { $0 == " " })) }
                : [.paragraph(String(part))]
        }
    }
}
