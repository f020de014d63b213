import ArgumentParser
import Attune
import Foundation
import JSON
import Tokenization

/// `attune tokenize`.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract:
            "Shows the tokens of texts: one JSON object per line, or the texts with their tokens marked.",
        discussion: """
            A model reads tokens, not letters: pieces of words, each with an id. They determine how much text fits into \
            --max-length, and which texts the model can tell apart.

            With --show, tokens are coloured in a terminal, and separated by bars elsewhere: Un│belie│vable│:│ 12│… \
            ⟨[CLS]⟩ is a special token that the model expects around a text, 👍⟨×4⟩ is a character of four tokens, and ✂ \
            marks the cut by --max-length.

            For a trained classifier, columns and maximum length are as in training, unless given here. Pairs also have \
            "token_type_ids", if the model uses token types.
            """
    )

    @Option(
        help: ArgumentHelp(
            "A model's folder with its tokenizer files, a .gguf or .attune file, or an id of the Hub: org/name[@revision].",
            valueName: "model"
        )
    )
    var model: String

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A text; may be given several times.", valueName: "text")
    )
    var text: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("The second text of the pair, for each --text.", valueName: "text")
    )
    var textPair: [String] = []

    @Option(help: ArgumentHelp("Read texts from this file of rows instead.", valueName: "file"))
    var input: String?

    @OptionGroup var texts: TextOptions

    @Option(
        help: ArgumentHelp(
            "Write to this file instead of standard output; an existing file is replaced.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    @Option(help: ArgumentHelp("CPU threads. Default: all cores.", valueName: "count"))
    var threads: Int?

    @Flag(help: "Leave out the special tokens that the model expects around a text.")
    var noSpecialTokens = false

    @Flag(help: "Show the texts with their tokens marked, and count the tokens.")
    var show = false

    @Option(help: "Whether --show colours the tokens; auto does so in a terminal, unless NO_COLOR is set.")
    var color = ColorChoice.auto

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        if show, messages.json {
            throw ValidationError(
                "--show and --json exclude each other; without --show the tokens are JSON already"
            )
        }
        if show, let part = texts.longText, part != .head {
            throw ValidationError(
                "--show marks the cut after the head; leave out --long-text \(part), or --show"
            )
        }
        guard text.isEmpty != (input == nil) else { throw ValidationError("give either --text or --input") }
        guard textPair.isEmpty || textPair.count == text.count else {
            throw ValidationError("give one --text-pair for each --text, or none at all")
        }
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
    }

    func run() throws {
        try reportingFailure(messages) {
            try requireApart(output, from: [("--input", input)])
            let path = try HubPath.tokenizer(model)
            let base = try HubPath.base(ofModelAt: path, .tokenizer)
            var told = ClassifierSettings()
            texts.apply(to: &told)
            let reader = try RowReader(model: path, told: told)
            let inputs =
                try input.map { try reader.inputs(of: rows(of: $0)) }
                ?? TextInputs(text, pairedTexts: textPair.isEmpty ? nil : textPair)
            let tokenizer = try TextClassifier.tokenizer(of: path, base: base)
            let length = reader.settings.maxLength
            for note in tokenizer.notes + (try lengthNotes(path, base, tokenizer, length)) {
                writeToStandardError("attune: warning: \(note)\n")
            }
            if inputs.count > 100 { Console.current.begin(.tokenize, input) }
            let encodings = encode(inputs, tokenizer, length, reader.settings.longText)
            if told.maxLength == nil, let length, encodings.truncatedCount > 0 {
                writeToStandardError(
                    "texts are cut to \(counted(length, "token")), the length used in training; --max-length changes that\n"
                )
            }
            let made = show ? shown(inputs, encodings, tokenizer, length) : lines(encodings, tokenizer)
            if let output {
                try output.write(made)
                writeToStandardError(
                    "wrote the tokens of \(counted(inputs.count, "text")) to \(output.name)\n"
                )
            } else {
                try print(made, terminator: "")
            }
        }
    }

    /// A note if the model itself sees fewer tokens than are shown.
    private func lengthNotes(
        _ path: String,
        _ base: String?,
        _ tokenizer: Tokenizer,
        _ length: Int?
    ) throws -> [String] {
        let limit = try TextClassifier.lengthLimit(
            of: path,
            base: base,
            tokenizer: tokenizer,
            maxLength: length
        )
        guard limit.isCutDown, let tokens = limit.tokens, let explanation = limit.explanation else {
            return []
        }
        return ["the model itself sees at most \(counted(tokens, "token")) of a text: \(explanation)"]
    }

    private func encode(
        _ inputs: TextInputs,
        _ tokenizer: Tokenizer,
        _ length: Int?,
        _ longText: LongText? = nil
    ) -> PackedEncodings {
        switch inputs {
        case .texts(let texts):
            tokenizer.encodeBatch(
                texts,
                addSpecialTokens: !noSpecialTokens,
                maxLength: length,
                longText: longText,
                threads: threads
            )
        case .pairs(let pairs):
            tokenizer.encodeBatch(
                pairs: pairs,
                addSpecialTokens: !noSpecialTokens,
                maxLength: length,
                threads: threads
            )
        }
    }

    private func lines(_ encodings: PackedEncodings, _ tokenizer: Tokenizer) -> String {
        var made = ""
        let texts = (0..<encodings.textCount).flatMap { text in
            encodings.sequences(of: text).map { _ in text }
        }
        for index in 0..<encodings.count {
            let ids = encodings[index]
            var object: JSONObject = [
                "input_ids": .array(ids.map { .int(Int($0)) }),
                "tokens": .array(ids.map { .string(tokenizer.token(for: $0) ?? "") }),
            ]
            if tokenizer.givesTokenTypes, !encodings.typeIDs.isEmpty {
                let types = encodings.typeIDs[encodings.range(of: index)]
                object["token_type_ids"] = .array(types.map { .int(Int($0)) })
            }
            // A text may have several windows.
            if !encodings.windowStarts.isEmpty { object["text"] = .int(texts[index]) }
            made += JSONValue.object(object).oneLineInOrder + "\n"
        }
        return made
    }

    private func shown(
        _ inputs: TextInputs,
        _ encodings: PackedEncodings,
        _ tokenizer: Tokenizer,
        _ length: Int?
    ) -> String {
        let view = TokenView(tokenizer, style: color.isColored(toFile: output != nil) ? .colors : .bars)
        func render(_ text: String, special: Bool, _ length: Int?) -> String {
            view.render(text, addSpecialTokens: special, maxLength: length) + "\n"
        }
        func plural(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }
        var made = ""
        switch inputs {
        case .texts(let texts):
            for (index, text) in texts.enumerated() {
                made += render(text, special: !noSpecialTokens, length)
                let characters = plural(text.unicodeScalars.count, "character")
                made += "  \(plural(encodings[index].count, "token")), \(characters)\n"
            }
        case .pairs(let pairs):
            // Show both texts uncut and without special tokens, but count the tokens of the encoded pair.
            for (index, pair) in pairs.enumerated() {
                made += render(pair.0, special: false, nil) + render(pair.1, special: false, nil)
                let whole = encode(.pairs([pair]), tokenizer, nil).ids.count
                let count = encodings[index].count
                let cut = whole > count ? ", \(whole - count) more were cut" : ""
                made +=
                    "  \(plural(count, "token")) together\(noSpecialTokens ? "" : ", special ones included")\(cut)\n"
            }
        }
        return made
    }
}

/// When to use colours.
enum ColorChoice: String, CaseIterable, ExpressibleByArgument {
    case auto, always, never

    /// Whether to colour standard output or a file.
    func isColored(toFile: Bool) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .auto: !toFile && Terminal.showsColors
        }
    }
}
