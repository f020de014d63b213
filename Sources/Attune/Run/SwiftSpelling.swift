import Datasets
import Files
import Foundation
import Models
import Training

// The library's messages name settings by the command's flags. A Swift program has no flags, so its messages name them as
// `Recipe.settings` does.
extension Recipe {
    /// The options of a call that are flags of the command, in Swift.
    private static let callOptions = [
        "resume-from-checkpoint latest": "resuming: .latest", "resume-from-checkpoint": "resuming",
        "overwrite-output-dir": "resuming: .overwriting", "output-dir": "output folder",
    ]

    /// A message with the names of settings instead of flags: `learning_rate` for `--learning-rate`.
    ///
    /// - Parameter message: A message of the library.
    /// - Returns: The message for Swift programs.
    static func spelled(_ message: String) -> String {
        var parts = message.components(separatedBy: "--")
        for index in parts.indices.dropFirst() {
            let option = callOptions.keys.filter { parts[index].hasPrefix($0) }.max { $0.count < $1.count }
            let flag = parts[index].prefix { $0.isLetter || $0.isNumber || $0 == "-" }
            if let option, let swift = callOptions[option] {
                parts[index] = swift + parts[index].dropFirst(option.count)
            } else if let setting = try? setting(String(flag).replacing("-", with: "_")) {
                parts[index] = setting.name + parts[index].dropFirst(flag.count)
            } else {
                parts[index] = "--" + parts[index]
            }
        }
        return parts.joined()
    }

    /// An error of a run whose message names settings instead of flags.
    ///
    /// - Parameter error: An error of the library.
    /// - Returns: The same error for Swift programs.
    static func spelled(_ error: any Error) -> any Error {
        guard var named = error as? any ErrorWithMessage else { return error }
        named.message = spelled(named.message)
        return named
    }

    /// Calls a function of a job; its errors name settings.
    static func spellingErrors<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch { throw spelled(error) }
    }
}

/// An error of the library with a message for people.
private protocol ErrorWithMessage: Error {
    var message: String { get set }
}

extension TrainingError: ErrorWithMessage {}
extension DatasetError: ErrorWithMessage {}
extension ModelError: ErrorWithMessage {}
extension FileError: ErrorWithMessage {}
