import ArgumentParser
import Files
import Foundation

/// `attune`: parses, calls the library, prints.
@main
struct AttuneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attune",
        abstract: "Fine-tunes language models into classifiers of your texts.",
        discussion: """
            From a file of labelled texts to a trained, evaluated and saved classifier:

              attune train --model SmolLM2-135M.gguf --dataset tweets.csv \\
                --text-column text --label-column author \\
                --test-size 0.2 --output-dir runs/tweets
              attune predict --model runs/tweets --text "Thank you, Ohio!"

            Results go to standard output, progress and notes to standard error. Exit codes: 0 done, 64 usage, \
            65 bad data, 66 missing input, 69 the Hub cannot be reached, 70 internal error, 73 would overwrite, \
            74 write failed (full disk or closed standard output), 77 not allowed, 130 interrupted.
            """,
        version: "0.1.0",
        subcommands: [
            TrainCommand.self, StartCommand.self, PlanCommand.self, EvaluateCommand.self, PredictCommand.self,
            TokenizeCommand.self,
            DecodeCommand.self,
            DataCommand.self,
            InspectCommand.self, ReplayCommand.self, HubCommand.self, DoctorCommand.self,
        ]
    )

    /// The commands that take a recipe's settings.
    private static let recipeCommands: [any RecipeCommand.Type] = [
        TrainCommand.self, PlanCommand.self, StartCommand.self,
    ]

    /// Parses the command line, including the recipe of `attune train`, and runs the command.
    static func main() {
        StandardStreams.occupyClosed()
        // Exceeding the file size limit is an error like a full disk; it must not end the process.
        signal(SIGXFSZ, SIG_IGN)
        // A closed pipe must not end it either: a run does not depend on a reader of its messages.
        signal(SIGPIPE, SIG_IGN)
        let typed = Array(CommandLine.arguments.dropFirst())
        var line: TrainingCommandLine?
        do {
            try TypedArguments.ofProcess.requireText()
            try RepeatedOptions.refuse(in: typed)
            if let taker = recipeCommands.first(where: { $0.configuration.commandName == typed.first }) {
                line = try TrainingCommandLine(Array(typed.dropFirst()), for: taker)
            }
            var command = try parseAsRoot(line.map { [typed[0]] + $0.arguments } ?? typed)
            if let command = command as? any RecipeCommand, let line {
                try command.run(line)
            } else {
                try command.run()
            }
        } catch {
            Foundation.exit(finish(error, line).rawValue)
        }
    }

    /// Prints an error of the parser or of a command.
    ///
    /// The parser throws help and version texts, too. They are results and are printed here, because the parser's own printing
    /// ignores write failures.
    ///
    /// - Parameters:
    ///   - error: The parser's error, or a command's exit code, whose message has been printed already.
    ///   - line: The training command line, which knows the lines of its recipe's settings.
    /// - Returns: The process's exit code.
    private static func finish(_ error: any Error, _ line: TrainingCommandLine?) -> ExitCode {
        if let error = error as? RecipeError {
            writeToStandardError("attune: error: \(error)\n")
            return error.code
        }
        let code = exitCode(for: error)
        let text = CompletionScript.completed(SettingHelp.completed(fullMessage(for: error)))
        if code.isSuccess {
            do throws(FileError) { if !text.isEmpty { try print(text) } } catch { return reported(error) }
        } else if let message = line?.located(self.message(for: error)) {
            writeToStandardError("attune: error: \(message)\n")
        } else if !text.isEmpty {
            writeToStandardError(text + "\n")
        }
        return code
    }
}
