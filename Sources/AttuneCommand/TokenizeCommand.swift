import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune tokenize`.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Shows the tokens of texts: one JSON object a line."
    )

    @Option(help: ArgumentHelp("A model's folder with tokenizer.json, or a .gguf file.", valueName: "model"))
    var model: String

    @Option(help: ArgumentHelp("A file of rows.", valueName: "file"))
    var input: String

    @Option(help: ArgumentHelp("The column that holds the texts.", valueName: "name"))
    var textColumn = "text"

    @Option(help: ArgumentHelp("Write here instead of to standard output.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Tokens of a text at the most.", valueName: "tokens"))
    var maxLength: Int?

    @Flag(help: "Leave out the tokens that the model expects around a text.")
    var noSpecialTokens = false

    func run() throws {
        try reportingFailure {
            let texts = try Dataset(input).strings(textColumn).map { $0 ?? "" }
            let tokenizer = try TextClassifier.tokenizer(of: model)
            let encodings = tokenizer.encodeBatch(
                texts,
                addSpecialTokens: !noSpecialTokens,
                maxLength: maxLength
            )
            var text = ""
            for index in 0..<encodings.count {
                let ids = encodings[index]
                let object: JSONObject = [
                    "input_ids": .array(ids.map { .int(Int($0)) }),
                    "tokens": .array(ids.map { .string(tokenizer.token(for: $0) ?? "") }),
                ]
                text += JSONValue.object(object).oneLineInOrder + "\n"
            }
            if let output {
                try writeAtomically(Data(text.utf8), to: URL(filePath: output))
            } else {
                print(text, terminator: "")
            }
        }
    }
}
