import ArgumentParser
import Attune
import Files
import Foundation
import JSON

/// `attune data split`.
struct SplitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract:
            "Splits rows into train and test, with the same rows as Python's datasets for the same seed.",
        discussion: """
            With --sample, a sample is drawn first: the test part of a split of that size and seed, stratified by the same \
            column. With --class-encode, columns become class ids, and the files keep the class names; with --model, texts \
            become token ids in a column input_ids.
            """
    )

    @OptionGroup var data: DatasetOptions

    @Option(
        help: ArgumentHelp(
            "Sample a share or a number of the rows before splitting; 1.0 means all.",
            valueName: "size"
        ),
        transform: SplitSize.typedSample
    )
    var sample: SplitSize?

    @Option(help: "Seed of the sample.")
    var sampleSeed: UInt64 = 0

    @Option(
        help: ArgumentHelp("A share (0.2) or a number (500) of the rows for test.", valueName: "size"),
        transform: SplitSize.typed
    )
    var testSize: SplitSize

    @Option(help: ArgumentHelp("Stratify the split by this column.", valueName: "column"))
    var stratifyBy: String?

    @Option(
        help:
            "Rows without a value in the --stratify-by column: refuse (with an error that names a row) or drop."
    )
    var missingLabels = RowPolicy.refuse

    @Option(help: "Seed of the split.")
    var seed: UInt64 = 42

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Write these columns as class ids.", valueName: "column")
    )
    var classEncode: [String] = []

    @Option(help: ArgumentHelp("Tokenize with this model's tokenizer.", valueName: "model"))
    var model: String?

    @Option(help: ArgumentHelp("The column to tokenize.", valueName: "name"))
    var textColumn = "text"

    @Option(help: .textPairColumn)
    var textPairColumn: String?

    @Option(
        help: ArgumentHelp(
            "Maximum tokens of a text. Default: the model's limit.",
            valueName: "tokens"
        )
    )
    var maxLength: Int?

    @Option(help: ArgumentHelp("The folder for the files train and test.", valueName: "folder"))
    var outputDir: String

    @Option(help: "csv, tsv, jsonl, parquet or arrow.")
    var format = DatasetFormat.jsonl

    @Flag(
        help: "Replace the files of an earlier split in the folder; keep other files."
    )
    var overwriteOutputDir = false

    @OptionGroup(title: "Messages") var messages: MessageOptions

    private func place(of part: String) -> URL {
        URL(filePath: outputDir, directoryHint: .isDirectory).appending(path: "\(part).\(format.rawValue)")
    }

    /// Refuses to overwrite the files of an earlier split, and always the input file.
    private func requireFree() throws {
        for part in ["train", "test"] {
            let path = place(of: part).path(percentEncoded: false)
            guard let file = FileIdentity(path) else { continue }
            if file == FileIdentity(data.dataset) {
                throw ValidationError(
                    "\(path) is the file of --dataset, which would be overwritten; give another --output-dir"
                )
            }
            guard !overwriteOutputDir else { continue }
            throw FileError(
                .exists,
                "\(path) already exists; give another --output-dir, or --overwrite-output-dir to replace it"
            )
        }
    }

    func validate() throws {
        guard missingLabels != .keep else {
            throw ValidationError(
                "--missing-labels keep: a row without a class cannot be stratified; use refuse or drop"
            )
        }
    }

    func run() throws {
        try reportingFailure(messages) {
            try requireFree()
            let tokenizer = try model.map { name in
                let path = try HubPath.tokenizer(name)
                return try TextClassifier.tokenizer(of: path, base: HubPath.base(ofModelAt: path, .tokenizer))
            }
            var rows = try data.read()
            for column in classEncode { rows = try rows.classEncodeColumn(column) }
            if let stratifyBy, missingLabels == .drop {
                let cleaned = try rows.cleaned(
                    textColumn: nil,
                    labelColumns: [stratifyBy],
                    missingLabels: .drop,
                    emptyTexts: .keep
                )
                for note in cleaned.notes { writeToStandardError(note + "\n") }
                rows = cleaned.rows
            }
            if let sample {
                rows = try rows.sample(sample, stratifyBy: stratifyBy, seed: sampleSeed)
            }
            // Read the rows once for both parts.
            rows = try rows.loaded()
            let parts = try rows.trainTestSplit(
                testSize: testSize,
                stratifyBy: stratifyBy,
                seed: seed
            )
            var result = JSONObject()
            for (name, part) in [("train", parts.train), ("test", parts.test)] {
                let tokenized = try tokenizer.map {
                    try part.tokenize(
                        textColumn,
                        pair: textPairColumn,
                        with: $0,
                        maxLength: maxLength ?? $0.modelMaxLength
                    )
                }
                let url = place(of: name)
                try (tokenized ?? part).write(to: url, as: format)
                let path = url.path(percentEncoded: false)
                result[name] = .object(["output": .string(path), "rows": .int(part.count)])
                if !messages.json { try print("\(path): \(counted(part.count, "row"))") }
            }
            if messages.json { try print(JSONValue.object(result).formatted, terminator: "") }
        }
    }
}
