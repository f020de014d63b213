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
            Attune fine-tunes a language model with a table of labelled texts, evaluates it, and saves a classifier in the \
            Hub's layout, which transformers opens, too. It needs no Python.

            Flags have the names and defaults of transformers' TrainingArguments. Underscores instead of dashes, --flag=value, \
            and true or false after a switch are accepted by every command. A recipe is a YAML file with the same names in \
            snake_case; flags override it.

            Results go to standard output, progress and notes to standard error.
            """,
        version: attuneVersion,
        subcommands: [ManCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Train",
                subcommands: [
                    TrainCommand.self, WatchCommand.self, StartCommand.self, PlanCommand.self,
                    DistilCommand.self, BaselineCommand.self,
                ]
            ),
            CommandGroup(
                name: "Use a classifier",
                subcommands: [
                    PredictCommand.self, ServeCommand.self, EvaluateCommand.self, VerifyCommand.self,
                    ExportCommand.self, AdapterCommand.self,
                ]
            ),
            CommandGroup(
                name: "Judge a classifier",
                subcommands: [CalibrateCommand.self, CompareCommand.self, ErrorsCommand.self]
            ),
            CommandGroup(name: "Prepare data", subcommands: [DataCommand.self]),
            CommandGroup(
                name: "Look inside",
                subcommands: [
                    ReportCommand.self, InspectCommand.self, TokenizeCommand.self, DecodeCommand.self,
                    ReplayCommand.self,
                    DoctorCommand.self,
                ]
            ),
            CommandGroup(name: "Share models", subcommands: [HubCommand.self]),
        ]
    )

    /// Runs the command, and ends the process with its exit code.
    static func main() {
        let code = runCommand()
        fflush(nil)
        // Destructors of exit would remove libtorch's thousands of registered operations one by one, a quarter of a short command's
        // time. Nothing depends on them: files are closed and results written where they are made.
        _exit(code.rawValue)
    }

    /// Parses the command line, including the recipe of `attune train`, and runs the command.
    ///
    /// - Returns: The process's exit code.
    private static func runCommand() -> ExitCode {
        StandardStreams.occupyClosed()
        // Exceeding the file size limit is an error like a full disk; it must not end the process.
        signal(SIGXFSZ, SIG_IGN)
        // A closed pipe must not end it either: a run does not depend on a reader of its messages.
        signal(SIGPIPE, SIG_IGN)
        var request: CommandRequest?
        var line: TrainingCommandLine?
        do {
            try TypedArguments.ofProcess.requireText()
            let read = try CommandRequest(Array(CommandLine.arguments.dropFirst()))
            if let help = read.help {
                try print(help.text())
                return .success
            }
            request = read
            var words = read.wordsForParser
            if let taker = read.node.type as? any RecipeCommand.Type, read.flags != nil {
                let typed = read.words
                let taken = try TrainingCommandLine(Array(typed.dropFirst()), for: taker)
                line = taken
                words = [typed[0]] + taken.arguments
            }
            var command = try parseAsRoot(words)
            if let command = command as? any RecipeCommand, let line {
                try command.run(line)
            } else {
                try command.run()
            }
            return .success
        } catch {
            return finish(error, request, line)
        }
    }

    /// Prints an error of the parser or of a command.
    ///
    /// The parser throws version texts and completion scripts, too. They are results and are printed here, because the parser's
    /// own printing ignores write failures.
    ///
    /// - Parameters:
    ///   - error: The parser's error, or a command's exit code, whose message has been printed already.
    ///   - request: The command and its flags.
    ///   - line: The training command line, which knows the lines of its recipe's settings.
    /// - Returns: The process's exit code.
    private static func finish(
        _ error: any Error,
        _ request: CommandRequest?,
        _ line: TrainingCommandLine?
    ) -> ExitCode {
        if let error = error as? RecipeError {
            writeToStandardError("attune: error: \(error)\n")
            return error.code
        }
        if error is FileError { return reported(error) }
        let code = exitCode(for: error)
        guard !code.isSuccess else {
            let text = CompletionScript.completed(fullMessage(for: error))
            do throws(FileError) { if !text.isEmpty { try print(text) } } catch { return reported(error) }
            return code
        }
        let message = self.message(for: error)
        if let located = line?.located(message) {
            writeToStandardError("attune: error: \(located)\n")
        } else if !message.isEmpty {
            writeToStandardError("attune: error: \(ParserMessage(message, request?.node).text)\n")
        }
        return code
    }
}
