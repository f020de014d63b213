import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune decode`.
struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Turns token ids back into text.",
        discussion: """
            attune decode --model SmolLM2.gguf --ids 19556 28 905 17
            attune decode --model SmolLM2.gguf --input tokens.jsonl --output texts.jsonl

            --ids prints the text as it is. --input takes what `attune tokenize` wrote, or bare lists of ids, one a \
            line, and gives one JSON object a line: {"text": "…"}. A text that was lower-cased or cut does not come \
            back whole; bytes that are no character come as \u{FFFD}.
            """
    )

    @Option(
        help: ArgumentHelp(
            "A model's folder with its tokenizer's files, or a .gguf file.",
            valueName: "model"
        )
    )
    var model: String

    @Option(parsing: .upToNextOption, help: ArgumentHelp("The ids of one text.", valueName: "id"))
    var ids: [Int32] = []

    @Option(
        help: ArgumentHelp(
            "A file instead: a line of JSON a text, with input_ids or a list.",
            valueName: "file"
        )
    )
    var input: String?

    @Option(
        help: ArgumentHelp(
            "Write here instead of to standard output; a file that is there is replaced.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    @Flag(help: "Leave out special tokens, such as those around a text.")
    var skipSpecialTokens = false

    func validate() throws {
        guard ids.isEmpty != (input == nil) else { throw ValidationError("give either --ids or --input") }
    }

    func run() throws {
        try reportingFailure {
            try requireApart(output, from: [("--input", input)])
            let tokenizer = try TextClassifier.tokenizer(of: HubPath.tokenizer(model))
            var made = ""
            if let input {
                for row in try IDRows(path: input).rows {
                    try check(row.ids, tokenizer, "\(input): line \(row.line): ")
                    let text = tokenizer.decode(row.ids, skipSpecialTokens: skipSpecialTokens)
                    made += JSONValue.object(["text": .string(text)]).oneLineInOrder + "\n"
                }
            } else {
                try check(ids, tokenizer, "")
                made = tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens) + "\n"
            }
            if let output {
                try output.write(made)
            } else {
                try print(made, terminator: "")
            }
        }
    }

    private func check(_ ids: [Int32], _ tokenizer: Tokenizer, _ place: String) throws {
        guard let wrong = ids.first(where: { tokenizer.token(for: $0) == nil }) else { return }
        writeToStandardError(
            "attune: error: \(place)no token of \(model) has the id \(wrong); its ids are "
                + "0 to \(tokenizer.vocabularySize - 1)\n"
        )
        throw ExitCode.badData
    }
}

/// Lists of ids in a file of JSON lines.
struct IDRows {
    /// The lists with their lines' numbers.
    let rows: [(line: Int, ids: [Int32])]

    /// Reads a file.
    ///
    /// - Throws: `FileError`; an exit code, when the message is on standard error.
    init(path: String) throws {
        let file = try MappedFile(TypedArguments.path(path))
        let data = withExtendedLifetime(file) { Data(file.bytes) }
        var rows: [(line: Int, ids: [Int32])] = []
        for (index, line) in data.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            func fail(_ reason: String) -> ExitCode {
                writeToStandardError("attune: error: \(path): line \(index + 1) \(reason)\n")
                return .badData
            }
            let value: JSONValue
            do { value = try JSONValue.parse(line) } catch { throw fail("is not JSON: \(error)") }
            guard let list = value.array ?? value["input_ids"].array else {
                throw fail(
                    "holds \(value.kind) without input_ids; expected {\"input_ids\": [1, 2]} or [1, 2]"
                )
            }
            let ids = try list.map { element in
                guard let id = element.int.flatMap(Int32.init(exactly:)), id >= 0 else {
                    throw fail("holds \(element.kind) where a token id was expected")
                }
                return id
            }
            rows.append((index + 1, ids))
        }
        self.rows = rows
    }
}
