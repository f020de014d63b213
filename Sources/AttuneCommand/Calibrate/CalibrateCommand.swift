import ArgumentParser
import Attune
import Classification
import Evaluation
import Foundation
import JSON

/// `attune calibrate`.
struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Makes a classifier's scores honest, and decides from which score on a label is given.",
        usage: "attune calibrate [<options>] <model> --dataset <path>",
        discussion: """
            Give labelled rows that neither trained the model nor chose it. Half of them fit the decisions, the other half shows \
            their effect. The decisions are written to decisions.json in the model's folder; predict and evaluate apply them \
            (--raw ignores them), and transformers ignores the file.

            --thresholds gives a label only if its score reaches a threshold: f1 or fbeta:2 for the best F score, precision:0.9 \
            for the most answers of that precision, precision:0.9:lower if even the lower end of its 95 % interval must reach it, \
            recall:0.95 for the highest threshold of that recall. A text that reaches no threshold is rejected.

            --conformal gives each text the set of labels that holds the true one with the probability --coverage, on average \
            over texts; a text with exactly one label in its set is answered, and any other one rejected.
            """
    )

    @Argument(help: ArgumentHelp("A folder that `attune train` saved.", valueName: "model"))
    var model: String

    @OptionGroup(title: "Data") var scoring: ScoringOptions

    @Option(help: "temperature, vector or none: the way in which probabilities are calibrated.")
    var method = Calibration.Method.temperature

    @Option(
        help: ArgumentHelp(
            "Choose thresholds: f1, fbeta:2, precision:0.9, precision:0.9:lower or recall:0.95.",
            valueName: "goal"
        )
    )
    var thresholds: ThresholdGoal?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A label that gets a threshold; give it several times for several. Default: all labels.",
            valueName: "label"
        )
    )
    var thresholdLabel: [String] = []

    @Option(help: "lac or aps: conformal sets of labels. lac has smaller sets; those of aps are never empty.")
    var conformal: ConformalSets.Method?

    @Option(help: ArgumentHelp("The probability that a set holds the true label.", valueName: "share"))
    var coverage: Double?

    @Option(help: ArgumentHelp("The share of rows that only show the effect.", valueName: "share"))
    var testSize = 0.5

    @Option(help: ArgumentHelp("The seed of the division of rows.", valueName: "number"))
    var seed: UInt64 = 42

    @Option(
        help: ArgumentHelp(
            "Write the decisions to this file instead of decisions.json in the model's folder.",
            valueName: "file"
        )
    )
    var output: OutputPath?

    @Flag(help: "Remove decisions.json from the model's folder, so that its own scores are used again.")
    var remove = false

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        guard !remove else {
            guard output == nil, scoring.dataset == nil else {
                throw ValidationError(
                    "--remove takes neither --dataset nor --output; it only removes decisions.json"
                )
            }
            return
        }
        _ = try scoring.requireDataset()
        guard thresholds == nil || conformal == nil else {
            throw ValidationError(
                "--thresholds and --conformal exclude each other: both decide which texts are rejected"
            )
        }
        guard thresholds != nil || thresholdLabel.isEmpty else {
            throw ValidationError("--threshold-label needs --thresholds, the goal of the threshold")
        }
        guard conformal != nil || coverage == nil else {
            throw ValidationError("--coverage needs --conformal lac or aps")
        }
        if let coverage, !(coverage > 0 && coverage < 1) {
            throw ValidationError("--coverage must be between 0 and 1, such as 0.9")
        }
        guard testSize > 0, testSize < 1 else {
            throw ValidationError("--test-size must be between 0 and 1, such as 0.5")
        }
        guard method != .none || thresholds != nil || conformal != nil else {
            throw ValidationError("--method none needs --thresholds or --conformal, or nothing is decided")
        }
    }

    func run() throws {
        try reportingFailure(messages) {
            let folder = try ownFolder()
            if remove, let folder { return try removeDecisions(in: folder) }
            let dataset = try scoring.requireDataset()
            try requireApart(output, from: [("--dataset", dataset)])
            let scored = try scoring.score(model)
            let trained = TrainedRowsWarning(
                model: scored.path,
                dataset: dataset,
                split: scoring.part.split
            )
            if let trained {
                writeToStandardError(
                    "attune: warning: \(trained.text); decisions fitted on such rows are too confident\n"
                )
            }
            var calibration = Calibration()
            calibration.method = method
            calibration.thresholdGoal = thresholds
            calibration.thresholdLabels = thresholdLabel
            calibration.sets = conformal
            if let coverage { calibration.coverage = coverage }
            calibration.testShare = testSize
            calibration.seed = seed
            let outcome = try calibration.fit(scored.scored, dataset: dataset)
            for note in outcome.notes { writeToStandardError("attune: warning: \(note)\n") }
            var place: String?
            var card: String?
            if outcome.decisions.isEmpty {
                place = nil
            } else if let output {
                try output.write(outcome.decisions.formatted)
                place = output.name
            } else if let folder {
                try outcome.decisions.save(to: folder)
                place = own(Decisions.fileName)
                if try DecisionSection(outcome.decisions).write(in: folder) {
                    card = own(DecisionSection.fileName)
                }
            }
            let text = CalibrationText(
                outcome,
                place: place,
                card: card,
                model: model,
                isElsewhere: output != nil
            )
            guard !messages.json else {
                return try print(text.object.formatted, terminator: "")
            }
            try printFolded(text.text)
        }
    }

    private func removeDecisions(in folder: URL) throws {
        let place = own(Decisions.fileName)
        let wasThere = try Decisions.remove(folder: folder)
        let card = try DecisionSection(nil).write(in: folder) ? own(DecisionSection.fileName) : nil
        try printResult(
            (wasThere ? "removed \(place)" : "there is no \(place)")
                + (card.map { "; removed its section from \($0)" } ?? ""),
            ["removed": .bool(wasThere), "model_card": card.map(JSONValue.string) ?? .null],
            asJSON: messages.json
        )
    }

    /// The path of a file in the model's own folder, to show.
    private func own(_ name: String) -> String {
        (model.hasSuffix("/") ? String(model.dropLast()) : model) + "/" + name
    }

    /// The model's own folder, to write to; nil if `--output` names a file.
    private func ownFolder() throws -> URL? {
        guard output == nil else { return nil }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: model, isDirectory: &isFolder), isFolder.boolValue else {
            throw ValidationError(
                "\(model) is not a folder on this machine, so decisions.json cannot be written there; give --output <file>"
            )
        }
        return URL(filePath: model, directoryHint: .isDirectory)
    }
}
