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
            From a file of labelled texts to a trained, measured and saved classifier:

              attune train --model SmolLM2-135M.gguf --dataset tweets.csv \\
                --text-column text --label-column author \\
                --test-size 0.2 --output-dir runs/tweets
              attune predict --model runs/tweets --text "Thank you, Ohio!"

            Results go to standard output, progress and notes to standard error. Exit codes: 0 done, 64 usage, \
            65 bad data, 66 missing input, 69 the Hub cannot be reached, 70 internal, 73 would overwrite, \
            74 a write failed (a full disk, a closed standard output), 77 not allowed, 130 interrupted.
            """,
        version: "0.1.0",
        subcommands: [
            TrainCommand.self, PlanCommand.self, EvaluateCommand.self, PredictCommand.self,
            TokenizeCommand.self,
            DecodeCommand.self,
            DataCommand.self,
            InspectCommand.self, ReplayCommand.self, HubCommand.self, DoctorCommand.self,
        ]
    )

    /// Parses what was typed, `attune train` with its recipe, and runs it.
    static func main() {
        StandardStreams.occupyClosed()
        // Writing beyond a limit on files' sizes is an error like a full disk, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        // So is a pipe that nobody reads: a run does not depend on who follows its messages.
        signal(SIGPIPE, SIG_IGN)
        let typed = Array(CommandLine.arguments.dropFirst())
        var line: TrainingCommandLine?
        do {
            try TypedArguments.ofProcess.requireText()
            try RepeatedOptions.refuse(in: typed)
            if typed.first == TrainCommand.configuration.commandName {
                line = try TrainingCommandLine(Array(typed.dropFirst()))
            } else if typed.first == PlanCommand.configuration.commandName {
                line = try TrainingCommandLine(Array(typed.dropFirst()), for: PlanCommand.self)
            }
            var words = line.map { [typed[0]] + $0.arguments } ?? typed
            if let line, typed.first == PlanCommand.configuration.commandName {
                words = PlanCommand.completed(words, line)
            }
            var command = try parseAsRoot(words)
            if let train = command as? TrainCommand, let line {
                try train.run(line)
            } else if let plan = command as? PlanCommand, let line {
                try plan.run(line)
            } else {
                try command.run()
            }
        } catch {
            Foundation.exit(finish(error, line).rawValue)
        }
    }

    /// Says what the parser or a command threw.
    ///
    /// Help and versions are thrown, too, and are results: the parser's own way to print them ignores failures.
    ///
    /// - Parameters:
    ///   - error: An error of the parser; that of a command has been said, and is its exit code.
    ///   - line: The training command, which knows the places of settings in its recipe.
    /// - Returns: The process's exit code.
    private static func finish(_ error: any Error, _ line: TrainingCommandLine?) -> ExitCode {
        if let error = error as? RecipeError {
            writeToStandardError("attune: error: \(error)\n")
            return error.code
        }
        let code = exitCode(for: error)
        let text = fullMessage(for: error)
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
