/// A regular expression that must match a whole text, as in Python's `re.fullmatch`.
///
/// A search takes a limited number of steps, so an expression from elsewhere cannot hang.
package struct WholePattern: Sendable {
    private let expression: RegularExpression

    /// Compiles an expression.
    ///
    /// - Parameter pattern: The expression in Oniguruma's syntax, of which Python's is nearly a part.
    /// - Throws: `.corrupt` or `.unsupported` with the problem and its place.
    package init(_ pattern: String) throws(TokenizerError) {
        do throws(RegexFault) {
            expression = try RegularExpression("\\A(?:\(pattern))\\z")
        } catch {
            let place = max(error.offset + 1 - "\\A(?:".count, 1)
            throw TokenizerError(
                error.isUnsupported ? .unsupported : .corrupt,
                "the regular expression \"\(pattern.prefix(120))\" cannot be used: at character \(place), \(error.reason)"
            )
        }
    }

    /// Returns whether the whole text matches.
    ///
    /// - Parameter text: Any text.
    /// - Returns: False also if the search was given up.
    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var isMatch = false
            expression.visitMatches(in: bytes, 0..<bytes.count) { isMatch = isMatch || $0 == 0..<bytes.count }
            return isMatch
        }
    }
}
