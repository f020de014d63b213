import Foundation

/// Returns the settings that a message names by flags, by their names in recipes: `learning_rate` for `--learning-rate`.
///
/// Messages are written with flags, as most people read them; a Swift program or a recipe spells settings its own way.
///
/// - Parameter message: The text of an error.
/// - Returns: Each name once, in order.
package func settingsNamed(in message: String) -> [String] {
    var names: [String] = []
    for part in message.components(separatedBy: "--").dropFirst() {
        let flag = part.prefix { $0.isLetter || $0.isNumber || $0 == "-" }
        let name = String(flag).replacing("-", with: "_")
        if flag.first?.isLetter == true, !names.contains(name) { names.append(name) }
    }
    return names
}
