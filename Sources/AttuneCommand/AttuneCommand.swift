import ArgumentParser
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
            65 bad data, 66 missing input, 69 the Hub cannot be reached, 70 internal, 73/74 cannot write, or would overwrite, \
            77 not allowed, 130 interrupted.
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
        // Writing beyond a limit on files' sizes is an error like a full disk, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        let typed = Array(CommandLine.arguments.dropFirst())
        var line: TrainingCommandLine?
        do {
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
        } catch let error as RecipeError {
            writeToStandardError("attune: error: \(error)\n")
            exit(withError: error.code)
        } catch {
            let code = exitCode(for: error)
            if !code.isSuccess, let message = line?.located(self.message(for: error)) {
                writeToStandardError("attune: error: \(message)\n")
                exit(withError: code)
            }
            exit(withError: error)
        }
    }
}
