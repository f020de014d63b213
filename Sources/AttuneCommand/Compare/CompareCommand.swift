import ArgumentParser
import Attune
import Evaluation
import Foundation
import JSON

/// `attune compare`.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compares runs that were evaluated on the same rows.",
        usage: "attune compare <run> <run> … [--json] [--output <file>]",
        discussion: """
            Shows the metrics side by side with their 95 % intervals, whether the difference is more than chance (McNemar's exact \
            test, and a paired bootstrap of the rows), which settings differ, and which rows are predicted differently. With more \
            than two runs the p-values are corrected by Holm's method.

            A run keeps the rows of its final evaluation in eval_predictions.jsonl; `attune evaluate --predictions` writes the same \
            for any rows. Runs on different rows are refused.
            """
    )

    @Argument(help: ArgumentHelp("The output folders of two or more runs.", valueName: "run"))
    var runs: [String]

    @Option(help: ArgumentHelp("The number of draws of the bootstrap.", valueName: "count"))
    var draws = 2000

    @Option(help: ArgumentHelp("The seed of the draws.", valueName: "number"))
    var seed: UInt64 = 42

    @Option(help: ArgumentHelp("The number of differently predicted rows to print.", valueName: "count"))
    var top = 20

    @Option(
        help: ArgumentHelp("Also write the comparison to this file, as a page of HTML.", valueName: "file")
    )
    var output: OutputPath?

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        guard runs.count > 1 else { throw ValidationError("give at least two runs to compare") }
        guard draws > 0 else { throw ValidationError("--draws must be at least 1") }
        if top < 0 { throw ValidationError("--top must not be negative") }
    }

    func run() throws {
        try reportingFailure(messages) {
            let evaluated = try runs.map { name in
                let folder = URL(filePath: name, directoryHint: .isDirectory)
                return (name: name, rows: try ScoredRows(run: folder))
            }
            let comparison = try RunComparison(evaluated, draws: draws, seed: seed)
            let text = ComparisonText(comparison, settings: runs.map(Self.settings), top: top)
            // Write the file even if printing fails.
            try output?.write(text.page)
            guard !messages.json else { return try print(text.object.formatted, terminator: "") }
            try print(text.text(columns: Terminal.outputColumns), terminator: "")
        }
    }

    /// The settings in a run's `recipe.yaml`; empty without one.
    private static func settings(_ run: String) -> [(name: String, value: String)] {
        let file = URL(filePath: run, directoryHint: .isDirectory).appending(path: "recipe.yaml")
        guard let yaml = try? String(contentsOf: file, encoding: .utf8),
            let entries = try? RecipeEntry.read(yaml, name: file.lastPathComponent, known: { $0 })
        else { return [] }
        return entries.map { ($0.name, $0.value.text) }
    }
}
