/// Splits a list at its commas.
///
/// A part that begins with a quote extends to the closing quote and may contain commas. A quote within quotes is doubled, as
/// in CSV. If a quote is not closed, quotes have no special meaning.
///
/// - Parameter list: A list such as `a,"b, c"`.
/// - Returns: The parts with their quotes, without surrounding white space and without empty parts.
package func quotedParts(of list: String) -> [String] {
    var parts: [String] = []
    var part = ""
    var isQuoted = false
    for character in list {
        if character == "\"", isQuoted || part.allSatisfy(\.isWhitespace) {
            // A doubled quote closes and opens again.
            isQuoted.toggle()
        } else if character == "\"", part.hasSuffix("\""), part.first(where: { !$0.isWhitespace }) == "\"" {
            isQuoted = true
        } else if character == ",", !isQuoted {
            parts.append(part)
            part = ""
            continue
        }
        part.append(character)
    }
    parts = isQuoted ? list.split(separator: ",").map(String.init) : parts + [part]
    return parts.map(trimmed).filter { !$0.isEmpty }
}

/// Removes the quotes around a name.
///
/// - Parameter part: A part as returned by ``quotedParts(of:)``.
/// - Returns: The text between the quotes, with doubled quotes made single; the part itself if it is not quoted.
package func unquoted(_ part: String) -> String {
    guard part.count > 1, part.hasPrefix("\""), part.hasSuffix("\"") else { return part }
    return String(part.dropFirst().dropLast()).replacing("\"\"", with: "\"")
}

/// Quotes a name so that ``quotedParts(of:)`` and ``unquoted(_:)`` restore it.
///
/// - Parameter name: Any text.
/// - Returns: The name, in quotes if it needs them.
package func quoted(_ name: String) -> String {
    let isPlain = !name.contains { $0 == "," || $0 == "\"" } && trimmed(name) == name && !name.isEmpty
    return isPlain ? name : "\"" + name.replacing("\"", with: "\"\"") + "\""
}

private func trimmed(_ text: String) -> String {
    let start = text.drop(while: \.isWhitespace)
    return String(
        start[..<(start.lastIndex { !$0.isWhitespace }.map(start.index(after:)) ?? start.startIndex)]
    )
}
