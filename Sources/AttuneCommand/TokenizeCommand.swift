import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune tokenize`.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract:
            "Shows the tokens of texts: one JSON object a line, or the texts themselves with their tokens marked.",
        discussion: """
            A model reads no letters but tokens: pieces of words, each with a number. What they are decides how much \
            fits into --max-length and what the model can tell apart. To look:

              attune tokenize --model SmolLM2.gguf --text "Unbelievable: 12,345 €" --show

            Tokens are coloured in a terminal, and have bars between them elsewhere: Un│belie│vable│:│ 12│… \
            ⟨[CLS]⟩ is a token that the model expects around a text, 👍⟨×4⟩ a character of four tokens, and ✂ stands \
            where --max-length cuts. To use the tokens elsewhere, and to turn them back:

              attune tokenize --model SmolLM2.gguf --input tweets.csv --output tokens.jsonl
              attune decode --model SmolLM2.gguf --input tokens.jsonl
            """
    )

    @Option(
        help: ArgumentHelp(
            "A model's folder with its tokenizer's files, a .gguf file, or an id of the Hub: org/name[@revision].",
            valueName: "model"
        )
    )
    var model: String

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A text; may be given several times.", valueName: "text")
    )
    var text: [String] = []

    @Option(help: ArgumentHelp("A file of rows instead.", valueName: "file"))
    var input: String?

    @Option(help: ArgumentHelp("The column that holds the texts.", valueName: "name"))
    var textColumn = "text"

    @Option(help: ArgumentHelp("Write here instead of to standard output.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Tokens of a text at the most.", valueName: "tokens"))
    var maxLength: Int?

    @Flag(help: "Leave out the tokens that the model expects around a text.")
    var noSpecialTokens = false

    @Flag(help: "Show the texts with their tokens marked, and how many there are.")
    var show = false

    @Option(help: "Whether --show colours the tokens; auto does in a terminal, unless NO_COLOR is set.")
    var color = ColorChoice.auto

    func validate() throws {
        guard text.isEmpty != (input == nil) else { throw ValidationError("give either --text or --input") }
        if let maxLength, maxLength < 1 { throw ValidationError("--max-length must be at least 1") }
    }

    func run() throws {
        try reportingFailure {
            let texts = try inputTexts()
            let tokenizer = try TextClassifier.tokenizer(of: HubDoor.tokenizer(model))
            let made = show ? shown(texts, tokenizer) : lines(texts, tokenizer)
            if let output {
                try writeAtomically(Data(made.utf8), to: URL(filePath: output))
                writeToStandardError("wrote the tokens of \(texts.count) texts to \(output)\n")
            } else {
                print(made, terminator: "")
            }
        }
    }

    private func inputTexts() throws -> [String] {
        guard let input else { return text }
        return try Dataset(input).strings(textColumn).map { $0 ?? "" }
    }

    private func lines(_ texts: [String], _ tokenizer: Tokenizer) -> String {
        let encodings = tokenizer.encodeBatch(
            texts,
            addSpecialTokens: !noSpecialTokens,
            maxLength: maxLength
        )
        var made = ""
        for index in 0..<encodings.count {
            let ids = encodings[index]
            let object: JSONObject = [
                "input_ids": .array(ids.map { .int(Int($0)) }),
                "tokens": .array(ids.map { .string(tokenizer.token(for: $0) ?? "") }),
            ]
            made += JSONValue.object(object).oneLineInOrder + "\n"
        }
        return made
    }

    private func shown(_ texts: [String], _ tokenizer: Tokenizer) -> String {
        let view = TokenView(tokenizer, style: color.isColored(toFile: output != nil) ? .colors : .bars)
        let packed = tokenizer.encodeBatch(texts, addSpecialTokens: !noSpecialTokens, maxLength: maxLength)
        var made = ""
        for (index, text) in texts.enumerated() {
            made += view.render(text, addSpecialTokens: !noSpecialTokens, maxLength: maxLength) + "\n"
            let count = packed[index].count
            let characters = text.unicodeScalars.count
            made +=
                "  \(count) token\(count == 1 ? "" : "s"), \(characters) character\(characters == 1 ? "" : "s")\n"
        }
        return made
    }
}

/// Whether output has colours.
enum ColorChoice: String, CaseIterable, ExpressibleByArgument {
    case auto, always, never

    /// Whether standard output, or a file, gets colours.
    func isColored(toFile: Bool) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .auto:
            // https://no-color.org: set to anything but nothing.
            !toFile && isatty(STDOUT_FILENO) == 1
                && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
                && ProcessInfo.processInfo.environment["TERM"] != "dumb"
        }
    }
}
