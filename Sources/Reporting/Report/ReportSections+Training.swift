import Evaluation

// The curves of the training.
extension ReportSections {
    /// The most rows of a table of steps.
    private static let mostSteps = 24

    /// Loss, metrics, learning rate and gradient norm; nil without a log.
    var training: ReportSection? {
        let plots = [lossPlot, metricPlot, ratePlot, gradientPlot].compactMap(\.self)
        return plots.isEmpty ? nil : ReportSection(id: "training", title: "Training", blocks: [.plots(plots)])
    }

    private typealias Series = [(step: Int, value: Double)]

    private func series(_ value: (ReportContent.LogRow) -> Double?) -> Series {
        content.log.compactMap { row in value(row).map { (row.step, $0) } }
    }

    private func points(_ series: Series) -> [CurvePoint] {
        series.map { CurvePoint(Double($0.step), $0.value) }
    }

    /// The best step as a vertical line.
    private var bestMark: [Plot.Mark] {
        content.bestStep.map { [.rule(Double($0), "best: step \(ReportNumber.grouped($0))")] } ?? []
    }

    private func steps(_ series: [Series]) -> PlotAxis {
        .steps("step", series.joined().map { Double($0.step) } + [Double(content.bestStep ?? 0)])
    }

    /// A table with a column for each series; of many steps, evenly chosen ones and the last.
    private func table(_ caption: String, _ columns: [(name: String, series: Series)]) -> ReportTable {
        var values: [Int: [String]] = [:]
        for (place, column) in columns.enumerated() {
            for (step, value) in column.series {
                values[step, default: columns.map { _ in "" }][place] = ReportNumber.significant(value, 5)
            }
        }
        let all = values.keys.sorted()
        let shown =
            all.count <= Self.mostSteps
            ? all : (1...Self.mostSteps).map { all[$0 * all.count / Self.mostSteps - 1] }
        let note =
            shown.count < all.count ? " (\(shown.count) of \(ReportNumber.grouped(all.count)) steps)" : ""
        return ReportTable(
            caption + note,
            [.number("step")] + columns.map { .number($0.name) },
            shown.map { [ReportNumber.grouped($0)] + (values[$0] ?? []) }
        )
    }

    private var lossPlot: Plot? {
        let train = series(\.loss)
        let evaluation = series { $0.metrics["loss"] }
        guard !(train.isEmpty && evaluation.isEmpty) else { return nil }
        var sentences: [String] = []
        if let first = train.first, let last = train.last, train.count > 1 {
            let change = last.value < first.value ? "fell" : "rose"
            sentences.append(
                "The training loss \(change) from \(ReportNumber.significant(first.value, 3)) to "
                    + "\(ReportNumber.significant(last.value, 3))"
            )
        }
        if let last = evaluation.last, let least = evaluation.min(by: { $0.value < $1.value }) {
            sentences.append(
                least.step == last.step || last.value < least.value * 1.02
                    ? "the evaluation loss ended at \(ReportNumber.significant(last.value, 3))"
                    : "the evaluation loss was lowest at step \(ReportNumber.grouped(least.step)) "
                        + "(\(ReportNumber.significant(least.value, 3))) and ended at \(ReportNumber.significant(last.value, 3))"
            )
        }
        return Plot(
            id: "loss",
            title: "Loss",
            finding: sentence(sentences),
            x: steps([train, evaluation]),
            y: .numbers("loss", (train + evaluation).map(\.value), fromZero: true),
            marks: [.line(points(train), .first), .line(points(evaluation), .second)]
                + [.dots(points(evaluation), .second)] + bestMark,
            legend: [(PlotStyle.first, "training", train), (.second, "evaluation", evaluation)]
                .filter { !$0.2.isEmpty }.map { ($0.0, $0.1) },
            table: table("Loss by step", [("training", train), ("evaluation", evaluation)])
        )
    }

    private var metricPlot: Plot? {
        let last = content.log.last { !$0.metrics.isEmpty }
        guard let last else { return nil }
        let groups = [
            ["accuracy", "f1_macro", "matthews_correlation"], ["f1_micro", "f1_macro"],
            ["pearson", "r2"],
        ]
        let isMultiLabel = last.metrics["hamming_loss"] != nil
        let names =
            (isMultiLabel ? groups[1] : groups.first { last.metrics[$0[0]] != nil } ?? [])
            .filter { last.metrics[$0] != nil }
        let columns = names.map { name in
            (name: Self.names[name] ?? name, series: series { $0.metrics[name] })
        }
        guard let main = columns.first, let best = main.series.max(by: { $0.value < $1.value }) else {
            return nil
        }
        let values = columns.flatMap { $0.series.map(\.value) }
        var marks: [Plot.Mark] = []
        for (style, column) in zip(PlotStyle.series, columns) {
            marks += [.line(points(column.series), style), .dots(points(column.series), style)]
        }
        let chosen = content.bestStep.map {
            " The saved weights are those of step \(ReportNumber.grouped($0))"
                + (content.bestMetric.map { ", the best by \($0)." } ?? ".")
        }
        let finding =
            main.series.count == 1
            ? "\(main.name) is \(ReportNumber.fixed(best.value)) at step \(ReportNumber.grouped(best.step)), the only evaluation."
            : "\(main.name) was highest at step \(ReportNumber.grouped(best.step)): \(ReportNumber.fixed(best.value))."
        return Plot(
            id: "metrics",
            title: "Evaluation",
            finding: finding + (chosen ?? ""),
            x: steps(columns.map(\.series)),
            y: .numbers("value", values + [1], fromZero: (values.min() ?? 0) < 0.5),
            marks: marks + bestMark,
            legend: zip(PlotStyle.series, columns).map { ($0, $1.name) },
            table: table("Evaluation by step", columns)
        )
    }

    private var ratePlot: Plot? {
        let rates = series(\.learningRate)
        guard rates.count > 1, let peak = rates.max(by: { $0.value < $1.value }), let last = rates.last else {
            return nil
        }
        return Plot(
            id: "rate",
            title: "Learning rate",
            finding:
                "The highest logged learning rate is \(ReportNumber.significant(peak.value, 3)), at step "
                + "\(ReportNumber.grouped(peak.step)); the last is \(ReportNumber.significant(last.value, 3)).",
            x: steps([rates]),
            y: .numbers("learning rate", rates.map(\.value), fromZero: true),
            marks: [.line(points(rates), .first)],
            table: table("Learning rate by step", [("learning rate", rates)])
        )
    }

    private var gradientPlot: Plot? {
        let norms = series(\.gradientNorm).filter { $0.value.isFinite }
        guard norms.count > 1, let most = norms.max(by: { $0.value < $1.value }) else { return nil }
        let sorted = norms.map(\.value).sorted()
        return Plot(
            id: "gradient",
            title: "Gradient norm",
            finding:
                "The median of the logged norms is \(ReportNumber.significant(sorted[sorted.count / 2], 3)), the largest "
                + "\(ReportNumber.significant(most.value, 3)) at step \(ReportNumber.grouped(most.step)).",
            definition: "Before clipping.",
            x: steps([norms]),
            y: .numbers("gradient norm", norms.map(\.value), fromZero: true),
            marks: [.line(points(norms), .first)],
            table: table("Gradient norm by step", [("gradient norm", norms)])
        )
    }

    /// Clauses as one sentence.
    private func sentence(_ clauses: [String]) -> String {
        let text = clauses.joined(separator: "; ")
        return text.prefix(1).uppercased() + text.dropFirst() + "."
    }
}
