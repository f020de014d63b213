import ArgumentParser
import Attune
import Files
import Foundation
import JSON

/// `attune start`.
struct StartCommand: RecipeCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Looks at a dataset and writes a commented recipe for a first run, without training.",
        usage: "attune start <dataset> [--recipe-file <path>] [<options of attune train>]",
        discussion: """
            Takes the obvious columns of texts and labels, a stratified hold-out, a model that trains in minutes on this \
            machine, a length that cuts at most 5 % of the texts, and a batch that fits into memory. Options that are given \
            are kept. If the columns are not obvious, it lists the candidates and stops.
            """
    )

    static let needsOutputFolder = false

    @OptionGroup var train: TrainCommand

    @Option(help: ArgumentHelp("The recipe to write.", valueName: "path"))
    var recipeFile: OutputPath = OutputPath(argument: "recipe.yaml")

    func run(_ line: TrainingCommandLine) throws {
        try reportingFailure(train.messages) {
            guard line.dataset != nil else {
                throw ValidationError("name a dataset: attune start tweets.csv")
            }
            guard !FileManager.default.fileExists(atPath: recipeFile.name) else {
                throw FileError(
                    .exists,
                    "\(recipeFile.name) exists; give another --recipe-file, or move it away"
                )
            }
            let draft = try train.draft(line)
            let output = train.outputDir
            try recipeFile.write(
                draft.yaml(outputFolder: output, command: "attune train \(shellQuoted(recipeFile.name))")
            )
            let text =
                DraftText(draft, outputFolder: output).text + "wrote \(recipeFile.name)\n"
                + "next: attune train \(shellQuoted(recipeFile.name))\n"
            try train.messages.json ? printJSON(draft) : print(text, terminator: "")
        }
    }

    /// Prints the choices as a JSON object, for `--json`.
    private func printJSON(_ draft: RecipeDraft) throws {
        let choices = draft.choices.map { choice in
            JSONValue.object([
                "setting": .string(choice.setting), "value": .string(choice.value.text),
                "reason": .string(choice.reason),
            ])
        }
        let object: JSONObject = [
            "recipe": .string(recipeFile.name), "output_dir": .string(train.outputDir),
            "seconds": draft.seconds.map(JSONValue.double) ?? .null, "choices": .array(choices),
        ]
        try print(JSONValue.object(object).formatted, terminator: "")
    }
}
