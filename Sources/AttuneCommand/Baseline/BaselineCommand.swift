import ArgumentParser
import Attune
import Files
import Foundation
import JSON

/// `attune baseline`.
struct BaselineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "baseline",
        abstract: "Trains a linear classifier of words and characters in seconds, for comparison.",
        usage: """
            attune baseline [<options>] --dataset <path> --label-column <name>
            attune baseline [<options>] --model <folder> (--input <file> | --text <text>)
            """,
        discussion: """
            The features are word 1- and 2-grams and character 2- to 5-grams within words, weighted by TF-IDF; the classifier is \
            a logistic regression, for numbers a ridge regression. `attune train` compares every model with such a baseline. \
            With --test-size or --eval-dataset it is evaluated; --output-dir saves it, and --model predicts with it.
            """
    )

    @OptionGroup(title: "Data") var data: BaselineDataOptions

    @Option(
        name: .customLong("c"),
        help: ArgumentHelp(
            "The inverse strength of the L2 penalty, as scikit-learn's C: larger values fit the training texts more closely.",
            valueName: "number"
        )
    )
    var inversePenalty = 1.0

    @Option(help: ArgumentHelp("Save the baseline in this folder.", valueName: "folder"))
    var outputDir: String?

    @Flag(help: "Replace an earlier baseline in the folder; keep other files.")
    var overwriteOutputDir = false

    @Option(help: ArgumentHelp("A folder with a saved baseline, to predict with it.", valueName: "folder"))
    var model: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A text to predict the label of; may be given several times.", valueName: "text")
    )
    var text: [String] = []

    @Option(help: ArgumentHelp("Predict the labels of this file's rows.", valueName: "file"))
    var input: String?

    @Option(
        help: ArgumentHelp(
            "Write predictions to this file instead of standard output; an existing file is replaced.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        if model != nil {
            guard data.dataset == nil else {
                throw ValidationError("--model predicts and --dataset trains; give one of them")
            }
            guard text.isEmpty != (input == nil) else {
                throw ValidationError("give either --text or --input")
            }
            return
        }
        guard data.dataset != nil, !data.labels.columns.isEmpty else {
            throw ValidationError("give --dataset and --label-column to train, or --model to predict")
        }
        guard text.isEmpty, input == nil, output == nil else {
            throw ValidationError("--text, --input and --output need --model, the folder of a saved baseline")
        }
        guard inversePenalty > 0, inversePenalty.isFinite else {
            throw ValidationError("--c must be a number above 0")
        }
    }

    func run() throws {
        try reportingFailure(messages) {
            if let model { try predict(folder(model)) } else { try train() }
        }
    }

    private func folder(_ path: String) -> URL { URL(filePath: path, directoryHint: .isDirectory) }

    // MARK: Training

    private func train() throws {
        if let outputDir, !overwriteOutputDir {
            let path = folder(outputDir).appending(path: SavedBaseline.fileName).path(percentEncoded: false)
            guard !FileManager.default.fileExists(atPath: path) else {
                throw FileError(
                    .exists,
                    "\(path) already exists; give another --output-dir, or --overwrite-output-dir to replace it"
                )
            }
        }
        var job = TrainingJob(try data.recipe())
        try TrainCommand.downloadData(&job)
        var options = LinearBaseline.Options()
        options.inversePenalty = inversePenalty
        var reporter = ConsoleReporter()
        let (saved, comparison) = try job.trainBaseline(options) { reporter.show($0) }
        if let outputDir { try saved.save(to: folder(outputDir)) }
        let features = saved.baseline.featureHashes.count
        guard !messages.json else {
            var object = comparison?.results ?? [:]
            object["features"] = .int(features)
            if let outputDir { object["output_dir"] = .string(outputDir) }
            return try print(JSONValue.object(object).formatted, terminator: "")
        }
        try print("trained a linear baseline with \(counted(features, "feature"))")
        if let comparison {
            try printFolded("\non \(counted(comparison.linear.count, "text")):\n\n")
            let columns = Terminal.outputColumns
            try printFolded(comparison.linear.table(labels: saved.baseline.labels, columns: columns) + "\n")
            try printFolded(comparison.table(model: nil))
        }
        if let outputDir { try print("saved to \(outputDir)") }
    }

    // MARK: Prediction

    private func predict(_ folder: URL) throws {
        try requireApart(output, from: [("--input", input)])
        let saved = try SavedBaseline(folder: folder)
        var (texts, pairs): ([String], [String]?) = (text, nil)
        if let input {
            let rows = try rows(of: input)
            texts = try rows.strings(data.textColumn ?? saved.textColumn).map { $0 ?? "" }
            pairs = try (data.textPairColumn ?? saved.textPairColumn).map { name in
                try rows.strings(name).map { $0 ?? "" }
            }
        }
        var written = ""
        let part = 1 << 16
        for start in stride(from: 0, to: texts.count, by: part) {
            let own = start..<min(start + part, texts.count)
            let answers = saved.predictions(of: Array(texts[own]), pairedTexts: pairs.map { Array($0[own]) })
            let lines = answers.map { Self.line($0) + "\n" }.joined()
            if output == nil { try print(lines, terminator: "") } else { written += lines }
        }
        try output?.write(written)
        if let output {
            writeToStandardError("wrote \(counted(texts.count, "prediction")) to \(output.name)\n")
        }
    }

    /// A prediction as a line of JSON, in the form of `attune predict`.
    private static func line(_ prediction: Prediction) -> String {
        var object: JSONObject = [:]
        switch prediction.problemType {
        case .singleLabel:
            object["label"] = .string(prediction.label)
            object["score"] = .double(prediction.score)
        case .multiLabel: object["labels"] = .array(prediction.labels.map(JSONValue.string))
        case .regression: object["score"] = .double(prediction.score)
        }
        if prediction.problemType != .regression {
            let scores = zip(prediction.names, prediction.scores).map { ($0, JSONValue.double($1)) }
            object["scores"] = .object(JSONObject(scores))
        }
        return JSONValue.object(object).oneLine
    }
}
