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
            --ids prints the text itself. --input reads the output of `attune tokenize`, or bare lists of ids, one per \
            line, and prints one JSON object per line: {"text": "…"}. Lower-casing and truncation cannot be undone; \
            bytes that are not valid UTF-8 become \u{FFFD}. With --json the text of --ids is a JSON object, too.
            """
    )

    @Option(
        help: ArgumentHelp(
            "A model's folder with its tokenizer files, or a .gguf or .attune file.",
            valueName: "model"
        )
    )
    var model: String

    @Option(parsing: .upToNextOption, help: ArgumentHelp("The token ids of one text.", valueName: "id"))
    var ids: [Int32] = []

    @Option(
        help: ArgumentHelp(
            "Read ids from this file instead: one text per line, as JSON with input_ids or as a list.",
            valueName: "file"
        )
    )
    var input: String?

    @Option(
        help: ArgumentHelp(
            "Write to this file instead of standard output; an existing file is replaced.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    @Flag(help: "Leave out special tokens, such as [CLS] and [SEP].")
    var skipSpecialTokens = false

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        guard ids.isEmpty != (input == nil) else { throw ValidationError("give either --ids or --input") }
    }

    func run() throws {
        try reportingFailure(messages) {
            try requireApart(output, from: [("--input", input)])
            let path = try HubPath.tokenizer(model)
            let tokenizer = try TextClassifier.tokenizer(
                of: path,
                base: HubPath.base(ofModelAt: path, .tokenizer)
            )
            var made = ""
            if let input {
                for row in try IDRows(path: input).rows {
                    try check(row.ids, tokenizer, "\(input): line \(row.line): ")
                    made += line(tokenizer.decode(row.ids, skipSpecialTokens: skipSpecialTokens))
                }
            } else {
                try check(ids, tokenizer, "")
                let text = tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens)
                made = messages.json ? line(text) : text + "\n"
            }
            if let output {
                try output.write(made)
            } else {
                try print(made, terminator: "")
            }
        }
    }

    /// A text as a line of JSON.
    private func line(_ text: String) -> String {
        JSONValue.object(["text": .string(text)]).oneLineInOrder + "\n"
    }

    private func check(_ ids: [Int32], _ tokenizer: Tokenizer, _ place: String) throws(RecipeError) {
        guard let wrong = ids.first(where: { tokenizer.token(for: $0) == nil }) else { return }
        throw RecipeError(
            .badData,
            "\(place)\(model) has no token with the id \(wrong); its ids are "
                + "0 to \(tokenizer.vocabularySize - 1)"
        )
    }
}

/// Lists of token ids, read from a file of JSON lines.
struct IDRows {
    /// The lists with their line numbers.
    let rows: [(line: Int, ids: [Int32])]

    /// Reads a file.
    ///
    /// - Throws: `FileError`; ``RecipeError`` naming the line.
    init(path: String) throws {
        let file = try MappedFile(TypedArguments.path(path))
        let data = withExtendedLifetime(file) { Data(file.bytes) }
        var rows: [(line: Int, ids: [Int32])] = []
        for (index, line) in data.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            func fail(_ reason: String) -> RecipeError {
                RecipeError(.badData, "\(path): line \(index + 1) \(reason)")
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
