/// Quotes a name from a file for a message: on one line, without control characters, at most 120 characters.
///
/// - Parameter name: The untrusted name.
/// - Returns: The name in quotation marks.
func quoted(_ name: String) -> String {
    let scalars = name.unicodeScalars.prefix(120).map { scalar in
        scalar.properties.generalCategory == .control ? "\u{FFFD}" : Character(scalar)
    }
    return "\"\(String(scalars))\(name.unicodeScalars.count > 120 ? "…" : "")\""
}
