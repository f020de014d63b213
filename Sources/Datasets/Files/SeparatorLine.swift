/// The line with which a delimited file may start for Excel: `sep=;` names the separator of fields.
///
/// It comes in quotes from programs that quote every field, with separators behind it from spreadsheets that fill a row up,
/// and with `\t` for a tab.
enum SeparatorLine {
    /// Takes the line, if the file starts with one.
    ///
    /// - Parameter input: Stands at the file's start.
    /// - Returns: The separator; nil for a file that starts with its header.
    /// - Throws: `.badFile` for a separator that is not one character of ASCII.
    static func take(from input: TextInput) throws(DatasetError) -> UInt8? {
        guard try input.peek() != nil else { return nil }
        let line = input.chunk[input.position...].prefix(longest).prefix { $0 != 0x0A && $0 != 0x0D }
        guard let found = separator(in: String(decoding: line, as: UTF8.self)) else { return nil }
        guard let separator = found.utf8.first, found.utf8.count == 1 else {
            throw input.bad(
                "line 1 names \"\(found)\" as the field separator; it must be one character such as ; , | or a tab"
            )
        }
        input.position += line.count
        if try input.peek() == 0x0D { input.position += 1 }
        if try input.peek() == 0x0A { input.position += 1 }
        input.line += 1
        return separator
    }

    private static let longest = 4096

    /// The separator that a line names; nil if it is a header.
    private static func separator(in line: String) -> String? {
        var line = line[...]
        var isQuoted = false
        if line.first == "\"" {
            line = line.dropFirst()
            isQuoted = true
        }
        guard line.prefix(4).lowercased() == "sep=" else { return nil }
        var value = line.dropFirst(4)
        if isQuoted {
            guard let end = value.lastIndex(of: "\"") else { return nil }
            // What is behind the closing quote fills the row up.
            guard value[end...].dropFirst().allSatisfy({ ",;\t|".contains($0) }) else { return nil }
            value = value[..<end]
        }
        if value.hasPrefix("\\t") { value = "\t" + value.dropFirst(2) }
        guard let first = value.first, !first.isLetter, !first.isNumber, first != "\"" else { return nil }
        guard value.dropFirst().allSatisfy({ ",;\t|".contains($0) }) else { return String(value) }
        return String(first)
    }
}
