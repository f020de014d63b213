import ArgumentParser
import Attune
import Files
import Foundation

/// A command that takes a recipe's settings, which the parser does not know.
protocol RecipeCommand: ParsableCommand {
    /// Whether it writes into an output folder, which must be given.
    static var needsOutputFolder: Bool { get }

    /// Runs the command.
    ///
    /// - Parameter line: The command line and its recipe.
    /// - Throws: An exit code, after the error has been printed.
    func run(_ line: TrainingCommandLine) throws
}

extension RecipeCommand {
    static var needsOutputFolder: Bool { true }

    func run() throws { try run(TrainingCommandLine([], for: Self.self)) }
}

extension TrainCommand {
    /// Chooses the settings that are not given, if a dataset was typed instead of a recipe, and shows the choices.
    ///
    /// - Parameters:
    ///   - line: The command line.
    ///   - member: This process as one of several; nil if it trains alone.
    /// - Returns: The command line with the choices.
    /// - Throws: ``RecipeError`` if the columns are not obvious; the library's errors.
    func drafted(_ line: TrainingCommandLine, _ member: GroupMember? = nil) throws -> TrainingCommandLine {
        guard line.dataset != nil else { return line }
        let draft = try draft(line, member)
        writeToStandardError(DraftText(draft, outputFolder: outputDir).text)
        if let folder = line.unfinished {
            let recipe = shellQuoted("\(folder)/recipe.yaml")
            writeToStandardError(
                "\(folder) holds an unfinished run; to resume it instead: attune train \(recipe) "
                    + "--resume-from-checkpoint latest\n"
            )
        }
        var line = line
        line.take(draft)
        return line
    }

    /// Looks at the dataset that was typed.
    func draft(_ line: TrainingCommandLine, _ member: GroupMember? = nil) throws -> RecipeDraft {
        var options = RunOptions()
        options.device = try member == nil ? device.resolved() : device.resolvedInGroup()
        options.measurements = Engine.measurements
        options.hub = HubOptions.environment
        TensorHeap.adopt()
        try TorchRuntime.setThreadCount(threads ?? member?.share.threads ?? Engine.usefulThreads())
        let (data, given) = (DataSource(line.dataset ?? ""), line.values)
        let progress = HubProgress()
        do {
            return try waiting { [options] in
                try await RecipeDraft.make(for: data, given: given, options: options) { progress.show($0) }
            }
        } catch let error as SettingError {
            throw line.located(error)
        } catch let error as DraftError {
            throw RecipeError(
                .validationFailure,
                "\(data): " + error.message { "--" + $0.replacing("_", with: "-") }
            )
        }
    }
}
