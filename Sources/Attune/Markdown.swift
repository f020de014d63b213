/// Texts in Markdown: labels, column names and file names may contain any character.
enum Markdown {
    /// Escapes a text, so that it is shown as it is.
    ///
    /// - Parameter text: Any text.
    /// - Returns: One line.
    static func escaped(_ text: String) -> String {
        text.map { character -> String in
            if character.isNewline { return " " }
            return "\\`*_[]<>|#&~!".contains(character) ? "\\\(character)" : "\(character)"
        }.joined()
    }

    /// A short text as code; escaped instead if code cannot show it, or if programs could take it for a comment.
    ///
    /// - Parameter text: Any text.
    /// - Returns: One line.
    static func code(_ text: String) -> String {
        let isPlain = !text.contains("`") && !text.contains(where: \.isNewline) && !text.contains("<!--")
        return isPlain ? "`\(text)`" : escaped(text)
    }

    /// A code block with a fence longer than any fence inside it.
    ///
    /// - Parameters:
    ///   - language: The language of the code; empty for none.
    ///   - text: The code.
    /// - Returns: Lines, each ending in a line feed.
    static func block(_ language: String, _ text: String) -> String {
        var fence = "```"
        while text.contains(fence) { fence += "`" }
        return "\(fence)\(language)\n\(text.hasSuffix("\n") ? text : text + "\n")\(fence)\n"
    }
}
