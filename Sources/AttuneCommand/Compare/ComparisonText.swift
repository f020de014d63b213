import Evaluation
import Files
import Foundation
import JSON
import Reporting

/// The result of `attune compare`, for people and for programs.
struct ComparisonText {
    private let comparison: RunComparison
    private let settings: [[(name: String, value: String)]]
    private let top: Int

    /// Creates the result.
    ///
    /// - Parameters:
    ///   - comparison: The compared runs.
    ///   - settings: Each run's settings.
    ///   - top: The number of differently predicted rows to show.
    init(_ comparison: RunComparison, settings: [[(name: String, value: String)]], top: Int) {
        self.comparison = comparison
        self.settings = settings
        self.top = top
    }

    private var names: [String] { comparison.runs.map(\.name) }

    /// The metrics that any run has, in display order.
    private var metricNames: [String] {
        var names: [String] = []
        for run in comparison.runs {
            for metric in run.metrics.values where !names.contains(metric.name) { names.append(metric.name) }
        }
        return names
    }

    /// The settings with different values, in the order of the recipes, and each run's value.
    private var differentSettings: [(name: String, values: [String?])] {
        var names: [String] = []
        for run in settings {
            for entry in run where !names.contains(entry.name) { names.append(entry.name) }
        }
        // The folder of a run differs by nature.
        return names.filter { $0 != "output_dir" }.compactMap { name in
            let values = settings.map { run in run.first { $0.name == name }?.value }
            return Set(values).count > 1 ? (name, values) : nil
        }
    }

    /// The lines of the result.
    ///
    /// - Parameter columns: The most characters of a line; nil for no limit.
    /// - Returns: The lines, each ending in a line feed.
    func text(columns: Int?) -> String {
        var text = rowCount + "\n\n"
        text += TextTable(rows: [[""] + names] + metricRows).text(columns: columns)
        text += "\n" + comparison.pairs.map(sentences).joined(separator: "\n")
        if let changed = settingRows {
            text +=
                changed.isEmpty
                ? "\nthe recipes are equal\n"
                : "\n" + TextTable(rows: [["setting"] + names] + changed).text(columns: columns)
        }
        guard !comparison.flips.isEmpty else { return text }
        let flips = flipRows
        text += "\n\(counted(comparison.flips.count, "row")) predicted differently\n"
        if !flips.isEmpty {
            text += TextTable(rows: [["row", "label"] + names] + flips, rightAligned: [0]).text(
                columns: columns
            )
        }
        if comparison.flips.count > flips.count {
            text += "and \(grouped(comparison.flips.count - flips.count)) more; --top shows them\n"
        }
        return text
    }

    // MARK: The rows of tables, for the terminal and the page

    private var rowCount: String { "\(counted(comparison.rowCount, "row")), the same for all runs" }

    private var metricRows: [[String]] {
        metricNames.map { name in
            [name]
                + comparison.runs.map { run in
                    let value = decimals(run.metrics[name], 4)
                    let interval = run.metrics.intervals[name].map {
                        " (\(decimals($0.lowerBound, 3)) to \(decimals($0.upperBound, 3)))"
                    }
                    return value + (interval ?? "")
                }
        }
    }

    /// Nil if not every run has a recipe.
    private var settingRows: [[String]]? {
        guard settings.allSatisfy({ !$0.isEmpty }) else { return nil }
        return differentSettings.map { [$0.name] + $0.values.map { $0 ?? "-" } }
    }

    private var flipRows: [[String]] {
        comparison.flips.prefix(top).map { flip in
            ["\(flip.row + 1)", listed(flip.truth)] + flip.predictions.map(listed)
        }
    }

    /// The result as a page of HTML.
    var page: String {
        let runs = names.map(ReportTable.Column.name)
        var sections = [
            ReportContent.ExtraSection(
                "Metrics",
                paragraphs: [rowCount + ". In brackets: 95 % intervals."],
                tables: [ReportTable("Metrics of each run", [.name("metric")] + runs, metricRows)]
            ),
            ReportContent.ExtraSection(
                "Differences",
                paragraphs: comparison.pairs.flatMap {
                    sentences($0).split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
                }
            ),
        ]
        if let changed = settingRows {
            sections.append(
                ReportContent.ExtraSection(
                    "Settings",
                    paragraphs: changed.isEmpty ? ["The recipes are equal."] : [],
                    tables: changed.isEmpty
                        ? [] : [ReportTable("Settings that differ", [.name("setting")] + runs, changed)]
                )
            )
        }
        if !comparison.flips.isEmpty {
            let count = counted(comparison.flips.count, "row")
            sections.append(
                ReportContent.ExtraSection(
                    "Rows predicted differently",
                    paragraphs: [
                        "\(count) of \(grouped(comparison.rowCount)), of which \(flipRows.count) are listed."
                    ],
                    tables: [
                        ReportTable(
                            "Predictions that differ",
                            [.number("row"), .name("label")] + runs,
                            flipRows
                        )
                    ]
                )
            )
        }
        return HTMLReport(
            kind: "Comparison of runs",
            title: names.joined(separator: " · "),
            subtitle: rowCount,
            sections: sections
        ).text
    }

    private func listed(_ labels: [String]) -> String {
        labels.isEmpty ? "(none)" : labels.joined(separator: ", ")
    }

    /// The sentences about two runs.
    private func sentences(_ pair: RunComparison.Pair) -> String {
        var text = "\(names[pair.second]) against \(names[pair.first]):\n"
        for (metric, found) in pair.differences {
            let range = "\(signed(found.interval.lowerBound)) to \(signed(found.interval.upperBound))"
            let isChance = found.interval.contains(0)
            text +=
                "  \(metric) \(signed(found.difference)), 95 % interval \(range)"
                + (isChance ? ": may be chance\n" : ": more than chance\n")
        }
        if let test = pair.mcNemar {
            text +=
                "  right only in one run: \(grouped(test.onlyFirst)) and \(grouped(test.onlySecond)) rows; McNemar's exact p = "
                + probability(test.exact)
            if comparison.pairs.count > 1, let corrected = pair.corrected {
                text +=
                    ", \(probability(corrected)) after Holm's correction for \(comparison.pairs.count) comparisons"
            }
            text += "\n"
        }
        return text
    }

    private func signed(_ value: Double) -> String { (value >= 0 ? "+" : "") + decimals(value, 4) }

    private func probability(_ value: Double) -> String {
        value < 0.0001 ? "below 0.0001" : decimals(value, 4)
    }

    /// The result as JSON.
    var object: JSONValue {
        let runs = comparison.runs.map { run in
            let metrics = run.metrics.values.map { metric -> (String, JSONValue) in
                var value: JSONObject = ["value": .double(metric.value)]
                if let interval = run.metrics.intervals[metric.name] {
                    value["interval"] = .array([.double(interval.lowerBound), .double(interval.upperBound)])
                }
                return (metric.name, .object(value))
            }
            return JSONValue.object([
                "run": .string(run.name), "metrics": .object(JSONObject(metrics)),
            ])
        }
        let pairs = comparison.pairs.map { pair -> JSONValue in
            var object: JSONObject = [
                "first": .string(names[pair.first]), "second": .string(names[pair.second]),
            ]
            if let test = pair.mcNemar {
                object["only_first_right"] = .int(test.onlyFirst)
                object["only_second_right"] = .int(test.onlySecond)
                object["mcnemar_exact_p"] = .double(test.exact)
                object["mcnemar_statistic"] = .double(test.statistic)
                object["mcnemar_corrected_p"] = .double(test.corrected)
                object["holm_p"] = pair.corrected.map(JSONValue.double) ?? .null
            }
            let differences = pair.differences.map { metric, found in
                (
                    metric,
                    JSONValue.object([
                        "difference": .double(found.difference),
                        "interval": .array([
                            .double(found.interval.lowerBound), .double(found.interval.upperBound),
                        ]),
                        "share_not_better": .double(found.shareNotBetter),
                    ])
                )
            }
            object["differences"] = .object(JSONObject(differences))
            return .object(object)
        }
        let changed = differentSettings.map { setting in
            (setting.name, JSONValue.array(setting.values.map { $0.map(JSONValue.string) ?? .null }))
        }
        let flips = comparison.flips.map { flip in
            JSONValue.object([
                "row": .int(flip.row + 1), "label": .array(flip.truth.map(JSONValue.string)),
                "predictions": .array(flip.predictions.map { .array($0.map(JSONValue.string)) }),
            ])
        }
        return .object([
            "rows": .int(comparison.rowCount), "runs": .array(runs), "pairs": .array(pairs),
            "settings": .object(JSONObject(changed)), "flips": .array(flips),
        ])
    }
}
