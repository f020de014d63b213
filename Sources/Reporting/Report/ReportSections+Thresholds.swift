import Evaluation

// Precision, recall and false alarms at every threshold.
extension ReportSections {
    /// A label's curve.
    private struct LabelCurve {
        let label: Int
        let curve: ThresholdCurve
    }

    /// The most scores that are sorted for curves; beyond, only the largest classes have curves.
    private static let mostScores = 20_000_000
    /// The most curves in the background of a chart.
    private static let mostQuiet = 20
    /// The decisions shown in the table of a precision-recall curve.
    private static let recalls = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]
    private static let alarmRates = [0.01, 0.02, 0.05, 0.1, 0.2]

    /// The precision-recall and ROC curves; nil for a regression.
    var thresholds: ReportSection? {
        let curves = labelCurves.filter { $0.curve.positives > 0 && $0.curve.negatives > 0 }
        guard !curves.isEmpty else { return nil }
        return ReportSection(
            id: "thresholds",
            title: "Thresholds",
            blocks: [.plots([precisionPlot(curves), rocPlot(curves)])]
        )
    }

    private var labelCurves: [LabelCurve] {
        guard let scores, let metrics else { return [] }
        let supports: [Int]
        switch metrics {
        case .singleLabel(let metrics): supports = metrics.perClass.map(\.support)
        case .multiLabel(let metrics): supports = metrics.perLabel.map(\.support)
        case .regression: return []
        }
        let most = min(max(Self.mostScores / max(scores.rows.count, 1), 4), Self.mostLabels.table)
        let largest = labels.indices.sorted { (supports[$1], $0) < (supports[$0], $1) }.prefix(most).sorted()
        return largest.map { label in
            LabelCurve(
                label: label,
                curve: ThresholdCurve(
                    scores.probabilities(ofLabel: label),
                    isPositive: scores.members(ofLabel: label)
                )
            )
        }
    }

    /// The marks and the legend of some curves: up to four in colours, the others in the background.
    private func marks(
        _ ordered: [LabelCurve],
        _ points: (ThresholdCurve) -> [CurvePoint],
        _ value: (ThresholdCurve) -> Double?
    ) -> (marks: [Plot.Mark], legend: [(style: PlotStyle, name: String)]) {
        let count = PlotStyle.series.count
        let others = ordered.dropFirst(count)
        let quiet = min(others.count, Self.mostQuiet)
        var marks: [Plot.Mark] = (0..<quiet).map { place in
            // Evenly chosen, the last one included.
            let item = others[others.startIndex + others.count * (place + 1) / quiet - 1]
            return .line(points(item.curve), .quiet)
        }
        let coloured = Array(zip(PlotStyle.series, ordered))
        // The first has the lowest area and is drawn last, on top.
        marks += coloured.reversed().map { .line(points($1.curve), $0) }
        var legend = coloured.map { style, item in
            (
                style: style,
                name:
                    "\(isolated(labels[item.label])) \(value(item.curve).map { ReportNumber.fixed($0, 3) } ?? "–")"
            )
        }
        if !others.isEmpty {
            legend.append(
                (
                    .quiet,
                    others.count > Self.mostQuiet ? "\(Self.mostQuiet) of \(others.count) others" : "others"
                )
            )
        }
        return (marks, legend)
    }

    private func precisionPlot(_ curves: [LabelCurve]) -> Plot {
        let ordered = curves.sorted {
            ($0.curve.averagePrecision ?? 0, $0.label) < ($1.curve.averagePrecision ?? 0, $1.label)
        }
        let (marks, legend) = marks(ordered, \.precisionRecall, \.averagePrecision)
        return Plot(
            id: "precision-recall",
            title: "Precision and recall",
            finding: spelled(ordered, \.averagePrecision, "average precision"),
            definition:
                "Each label against all others. Average precision is the sum of precision times the gain in recall, "
                + "without interpolation. The table has the precision at the highest threshold that reaches a recall.",
            x: .percent("recall"),
            y: .percent("precision"),
            marks: marks,
            legend: legend,
            table: ReportTable(
                "Precision at a recall, lowest average precision (AP) first",
                [.name("label"), .number("AP")]
                    + Self.recalls.map { .number("at \(ReportNumber.tick(100 * $0, step: 1)) %") },
                ordered.prefix(60).map { item in
                    [labels[item.label], item.curve.averagePrecision.map { ReportNumber.fixed($0) } ?? "–"]
                        + Self.recalls.map { recall in
                            let point = item.curve.precisionRecall.first { $0.x >= recall - 1e-12 }
                            return point.map { ReportNumber.fixed($0.y, 3) } ?? "–"
                        }
                }
            )
        )
    }

    private func rocPlot(_ curves: [LabelCurve]) -> Plot {
        let ordered = curves.sorted {
            ($0.curve.areaUnderROC ?? 0, $0.label) < ($1.curve.areaUnderROC ?? 0, $1.label)
        }
        let (marks, legend) = marks(ordered, \.roc, \.areaUnderROC)
        return Plot(
            id: "roc",
            title: "ROC",
            finding: spelled(ordered, \.areaUnderROC, "area under the curve"),
            definition:
                "Each label against all others; the dotted line is chance. For a rare label, precision and recall tell "
                + "more.",
            x: .percent("other texts that score as high"),
            y: .percent("recall"),
            marks: [.reference(CurvePoint(0, 0), CurvePoint(1, 1))] + marks,
            legend: legend,
            table: ReportTable(
                "Recall at a share of false alarms, lowest area first",
                [.name("label"), .number("area")]
                    + Self.alarmRates.map { .number("at \(ReportNumber.tick(100 * $0, step: 1)) %") },
                ordered.prefix(60).map { item in
                    [labels[item.label], item.curve.areaUnderROC.map { ReportNumber.fixed($0) } ?? "–"]
                        + Self.alarmRates.map { rate in
                            let point = item.curve.roc.last { $0.x <= rate + 1e-12 }
                            return point.map { ReportNumber.fixed($0.y, 3) } ?? "–"
                        }
                }
            )
        )
    }

    private func spelled(
        _ ordered: [LabelCurve],
        _ value: (ThresholdCurve) -> Double?,
        _ name: String
    ) -> String {
        guard let low = ordered.first, let high = ordered.last, let lowest = value(low.curve),
            let highest = value(high.curve)
        else { return "" }
        guard ordered.count > 1 else {
            return "The \(name) of \(quoted(low.label)) is \(ReportNumber.fixed(lowest, 3))."
        }
        return "\(quoted(low.label)) has the lowest \(name): \(ReportNumber.fixed(lowest, 3)); "
            + "\(quoted(high.label)) the highest: \(ReportNumber.fixed(highest, 3))."
    }
}
