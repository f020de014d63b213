/// A bar of block characters, in steps of an eighth.
///
/// Any part above 0 shows at least one eighth.
///
/// - Parameters:
///   - part: The value of the bar.
///   - whole: The value of a bar of full width.
///   - width: The full width, in characters.
/// - Returns: The bar; empty for nothing.
func bar(_ part: Int, of whole: Int, width: Int = 40) -> String {
    guard part > 0, whole > 0 else { return "" }
    let eighths = max(1, Int((Double(part) / Double(whole) * Double(8 * width)).rounded()))
    let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + partial[eighths % 8]
}
