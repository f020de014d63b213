/// Quotes a word for a POSIX shell, for commands that messages show to people.
///
/// - Parameter word: Any text.
/// - Returns: The word, in single quotes if it contains characters that a shell would interpret.
///
/// Source: Python's `shlex.quote`.
public func shellQuoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "@%+=:,./-_".utf8.contains(byte)
        }
    }
    return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\"'\"'") + "'"
}
