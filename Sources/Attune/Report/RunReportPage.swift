import Classification
import Datasets
import Evaluation
import Files
public import Foundation
import JSON
package import Reporting

/// The report of a run, made from the files in its output folder.
public struct RunReportPage {
    /// The name of the page in the output folder.
    static let fileName = "report.html"

    /// The run's output folder.
    let folder: URL

    /// Describes the report of a run.
    ///
    /// - Parameter folder: The run's output folder.
    public init(of folder: URL) { self.folder = folder }

    /// Writes `report.html` to the output folder of a finished run.
    ///
    /// - Parameters:
    ///   - folder: The run's output folder.
    ///   - texts: The texts of all evaluated rows, if some may be shown; usually none, because a report may be shared.
    /// - Throws: `FileError` if a file cannot be read or written; ``RunReportError`` or `DatasetError` if one is damaged.
    public static func write(in folder: URL, texts: [String] = []) throws {
        let shown = Dictionary(uniqueKeysWithValues: zip(texts.indices, texts))
        let report = RunReportPage(of: folder)
        let page = report.page(try report.content(texts: shown))
        try writeAtomically(Data(page.utf8), to: file(in: folder))
    }

    /// The page of a run.
    ///
    /// - Parameter folder: The run's output folder.
    /// - Returns: The file.
    package static func file(in folder: URL) -> URL { folder.appending(path: fileName) }

    /// The report as a page.
    ///
    /// - Parameter content: Everything that the report shows.
    /// - Returns: HTML.
    package func page(_ content: ReportContent) -> String { HTMLReport(content).text }

    /// The report for a terminal.
    ///
    /// - Parameters:
    ///   - content: Everything that the report shows.
    ///   - columns: The width of the terminal; nil if it is unknown.
    /// - Returns: Lines, each ending in a line feed.
    package func text(_ content: ReportContent, _ columns: Int?) -> String {
        TextReport(content, columns: columns).text
    }

    /// Reads everything that the report shows.
    ///
    /// - Parameter texts: The texts of evaluated rows to show, by index; usually none, because a report may be shared.
    /// - Returns: The content.
    /// - Throws: `FileError` if the folder is not that of a finished run or a file cannot be read; ``RunReportError``
    ///   or `DatasetError` if one is damaged.
    package func content(texts: [Int: String] = [:]) throws -> ReportContent {
        let state = try json("trainer_state.json")
        guard let state, state["global_step"].int != nil else {
            let path = folder.path(percentEncoded: false)
            throw FileError(
                .missing,
                exists(folder)
                    ? "\(path) holds no finished run (trainer_state.json); give the --output-dir of a run"
                    : "there is no folder \(path); give the --output-dir of a run"
            )
        }
        let results = try json("all_results.json") ?? .null
        let process = try json(RunRecorder.fileName) ?? .null
        let run = RunFacts(
            state: state,
            results: results,
            process: process,
            configuration: try json("config.json") ?? .null,
            settings: try settings()
        )
        let predictions = folder.appending(path: ScoredRows.fileName)
        let rows: ScoredRows?
        do {
            rows = try exists(predictions) ? ScoredRows(run: folder) : nil
        } catch let error as DatasetError { throw RunReportError(error.message) }
        var content = ReportContent(title: name, subtitle: run.subtitle)
        content.facts = run.groups
        content.log = Self.log(state, steps: process["steps"])
        (content.bestStep, content.bestMetric) = (run.bestStep, run.bestMetric)
        (content.rows, content.evaluatedData) = (rows, run.evaluatedData)
        content.texts = texts
        content.baselines = Self.baselines(results, rows?.truth)
        do {
            content.extraSections = try Decisions.read(folder: folder).map { [Self.section($0)] } ?? []
        } catch { throw RunReportError(error.message) }
        // Settings without a value have their default, and would be most of the lines.
        content.recipe = try text("recipe.yaml").map { recipe in
            recipe.split(separator: "\n").filter { !$0.hasSuffix(": null") }.joined(separator: "\n") + "\n"
        }
        return content
    }

    /// The results of simpler classifiers on the same rows.
    private static func baselines(
        _ results: JSONValue,
        _ truth: ScoredRows.Truth?
    ) -> [ReportContent.Baseline] {
        let constant = BaselineComparison.constantTitle(truth ?? .classes([]))
        return [(BaselineComparison.linearTitle, "baseline_"), (constant, "majority_")].compactMap {
            name,
            prefix in
            var metrics: [String: Double] = [:]
            for member in results.object?.members ?? [] where member.name.hasPrefix(prefix) {
                metrics[String(member.name.dropFirst(prefix.count))] = member.value.double
            }
            return metrics.isEmpty ? nil : ReportContent.Baseline(name, metrics)
        }
    }

    /// The decisions that were fitted after the run.
    private static func section(_ decisions: Decisions) -> ReportContent.ExtraSection {
        var paragraphs = [
            "Predictions use \(decisions.summary). The other sections show the model's own scores."
        ]
        if let source = decisions.source {
            paragraphs.append(
                "Fitted on \(counted(source.rows, "row")) of \(source.dataset), measured on "
                    + "\(counted(source.measuredRows, "other row"))."
            )
        }
        let effect = decisions.effect.sorted { $0.key < $1.key }.map {
            [$0.key, String(format: "%.4f", $0.value)]
        }
        let table = ReportTable("Measured on other rows", [.name("measure"), .number("value")], effect)
        return ReportContent.ExtraSection(
            "Decisions after training",
            paragraphs: paragraphs,
            tables: effect.isEmpty ? [] : [table]
        )
    }

    /// The name of the run: that of its folder.
    private var name: String {
        let name = folder.standardizedFileURL.lastPathComponent
        return ["/", "."].contains(name) ? "A run" : name
    }

    // MARK: Files

    private func exists(_ file: URL) -> Bool {
        FileManager.default.fileExists(atPath: file.path(percentEncoded: false))
    }

    private func data(_ name: String) throws -> Data? {
        let file = folder.appending(path: name)
        return try exists(file) ? Data(contentsOf: file) : nil
    }

    private func text(_ name: String) throws -> String? {
        try data(name).map { String(decoding: $0, as: UTF8.self) }
    }

    private func json(_ name: String) throws -> JSONValue? {
        guard let data = try data(name) else { return nil }
        do { return try JSONValue.parse(data) } catch {
            throw RunReportError("\(folder.appending(path: name).path(percentEncoded: false)): \(error)")
        }
    }

    /// The recipe's settings by name; empty without a recipe, or if it has become invalid.
    private func settings() throws -> [String: String] {
        guard let yaml = try text("recipe.yaml") else { return [:] }
        return RunFacts.settings(yaml)
    }

    /// The training log: training and evaluation of one step in one row.
    ///
    /// If the run logged seldom, the curve of all of its steps takes the place of the logged losses.
    private static func log(_ state: JSONValue, steps: JSONValue) -> [ReportContent.LogRow] {
        var rows: [Int: ReportContent.LogRow] = [:]
        let curve = StepCurve(json: steps).points
        let logged = (state["log_history"].array ?? []).count { $0["loss"].double != nil }
        let isSparse = logged < 20 && curve.count > logged
        for point in isSparse ? curve : [] {
            rows[point.step] = ReportContent.LogRow(
                step: point.step,
                loss: point.loss,
                learningRate: point.learningRate,
                gradientNorm: point.gradientNorm
            )
        }
        for entry in state["log_history"].array ?? [] {
            guard let step = entry["step"].int else { continue }
            var row = rows[step] ?? ReportContent.LogRow(step: step)
            row.epoch = entry["epoch"].double ?? row.epoch
            if !isSparse { row.loss = entry["loss"].double ?? row.loss }
            row.learningRate = entry["learning_rate"].double ?? row.learningRate
            row.gradientNorm = entry["grad_norm"].double ?? row.gradientNorm
            for member in entry.object?.members ?? [] where member.name.hasPrefix("eval_") {
                if let value = member.value.double { row.metrics[String(member.name.dropFirst(5))] = value }
            }
            rows[step] = row
        }
        return rows.values.sorted { $0.step < $1.step }
    }
}

/// The error for a run of which no report can be made.
public struct RunReportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file and the problem.
    public let message: String

    init(_ message: String) { self.message = message }

    /// The message.
    public var description: String { message }
}
