/// A name from a file as messages show it: on one line, without control characters, and of bounded length.
///
/// - Parameter name: Whatever a file says.
/// - Returns: The name in quotation marks.
func quoted(_ name: String) -> String {
    let scalars = name.unicodeScalars.prefix(120).map { scalar in
        scalar.properties.generalCategory == .control ? "\u{FFFD}" : Character(scalar)
    }
    return "\"\(String(scalars))\(name.unicodeScalars.count > 120 ? "…" : "")\""
}
