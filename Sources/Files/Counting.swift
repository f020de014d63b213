// Counts in messages, used by all modules above this one: "1 row" and "2 rows".

/// `1 row`, `2 rows`, `12,345 rows`.
///
/// - Parameters:
///   - count: The number.
///   - one: The word for one of them.
///   - many: The word for any other number; nil adds an "s".
/// - Returns: The number and the word.
package func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
    "\(grouped(count)) \(count == 1 ? one : many ?? one + "s")"
}

/// A whole number with a comma between thousands.
package func grouped(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var end = digits.count - 3
    while end > 0 {
        digits.insert(",", at: digits.index(digits.startIndex, offsetBy: end))
        end -= 3
    }
    return (number < 0 ? "-" : "") + digits
}

/// Formats a percentage, `12.3 %`.
///
/// Only zero is shown as `0 %`, and only the whole as `100 %`.
package func percentage(_ part: Int, of whole: Int) -> String {
    guard whole > 0, part > 0 else { return "0 %" }
    if part == whole { return "100 %" }
    let tenths = Int((Double(part) / Double(whole) * 1000).rounded())
    guard tenths > 0 else { return "<0.1 %" }
    return "\(min(tenths, 999) / 10).\(min(tenths, 999) % 10) %"
}
