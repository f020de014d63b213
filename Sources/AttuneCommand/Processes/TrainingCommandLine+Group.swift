import Attune
import Foundation
import ProcessGroups

extension TrainingCommandLine {
    /// Flags whose values may differ between the processes of a group: places on one machine, and messages.
    private static let ofOneProcess: Set = [
        "output-dir", "log-ranks", "threads", "token-cache", "no-token-cache", "quiet", "verbose", "json",
        "trace", "trace-steps",
    ]

    /// The settings and flags that the processes of a group must have in common, of the command line and of the recipe.
    var agreedValues: [AgreedValue] {
        let settings = values.map { name, value in
            AgreedValue(name: "--" + name.replacing("_", with: "-"), value: value.text)
        }
        let flags = given.filter { !Self.ofOneProcess.contains($0.key) }.map { name, texts in
            AgreedValue(name: "--\(name)", value: texts.isEmpty ? "true" : texts.joined(separator: ","))
        }
        return (settings + flags).sorted { $0.name < $1.name }
    }

    /// The seconds of `--ddp-timeout`; nil if it is not given, or if it is invalid, which is reported later.
    var groupTimeout: Int? {
        values["ddp_timeout"].flatMap { Int($0.text) }.flatMap { $0 > 0 ? $0 : nil }
    }

    // MARK: After a restart

    /// The arguments of a run that its launcher has started again after a failure.
    ///
    /// - Returns: Arguments that resume it; nil to keep the arguments, because the folder has no run, or a finished one.
    /// - Throws: ``RecipeError``.
    func argumentsAfterRestart() throws -> [String]? {
        let typed = Self.resuming(typed)
        // Without an output folder, this finds the one that the first start chose.
        let again = try TrainingCommandLine(typed)
        let folder = URL(filePath: again.given["output-dir"]?.last ?? ".", directoryHint: .isDirectory)
        guard let run = try? WatchedRun(folder).read(), !run.hasFinished else { return nil }
        guard hasChosenSettings else { return typed }
        guard FileManager.default.fileExists(atPath: again.recipeOfRun) else { return nil }
        let messages = ["quiet", "verbose", "json"].filter { given[$0] != nil }.map { "--\($0)" }
        return Self.resuming([again.recipeOfRun] + messages)
    }
}
