import Evaluation

// The classes: which are confused, and how well each is found.
extension ReportSections {
    /// A label's results.
    private struct LabelResult {
        let label: Int
        let scores: ClassificationMetrics.PerClass
        /// The number of rows that the model gave the label to.
        let predicted: Int
        /// The rows that have the label and were given it.
        let hits: Int

        var precisionInterval: ClosedRange<Double>? {
            predicted > 0 ? ShareInterval.wilson(scores.precision, of: predicted) : nil
        }
        var recallInterval: ClosedRange<Double>? {
            scores.support > 0 ? ShareInterval.wilson(scores.recall, of: scores.support) : nil
        }
        var f1Interval: ClosedRange<Double>? {
            let touched = predicted + scores.support - hits
            return touched > 0 ? ShareInterval.f1(hits: hits, of: touched) : nil
        }
    }

    private func results(_ perClass: [ClassificationMetrics.PerClass], _ predicted: [Int]) -> [LabelResult] {
        perClass.enumerated().map { label, scores in
            LabelResult(
                label: label,
                scores: scores,
                predicted: predicted[label],
                hits: Int((scores.recall * Double(scores.support)).rounded())
            )
        }
    }

    /// The confusion matrix, the table of classes, and F1 against frequency; nil for a regression.
    var classes: ReportSection? {
        switch metrics {
        case .singleLabel(let metrics):
            let predicted = labels.indices.map(metrics.confusion.predicted(as:))
            let results = results(metrics.perClass, predicted)
            var blocks: [ReportSection.Block] = []
            if labels.count <= Self.mostLabels.matrix { blocks.append(.matrix(matrix(metrics.confusion))) }
            if let pairs = pairs(metrics.confusion) { blocks.append(.table(pairs)) }
            blocks += [.table(table(results)), .plots([frequencyPlot(results)])]
            return ReportSection(id: "classes", title: "Classes", blocks: blocks)
        case .multiLabel(let metrics):
            let predicted = labels.indices.map { label in
                scores?.probabilities(ofLabel: label).count { $0 > 0.5 } ?? 0
            }
            let results = results(metrics.perLabel, predicted)
            return ReportSection(
                id: "classes",
                title: "Labels",
                blocks: [
                    .paragraph(
                        "A text gets every label with a probability above 0.5, so that there is no confusion of one label "
                            + "with another."
                    ), .table(table(results)), .plots([frequencyPlot(results)]),
                ]
            )
        case .regression, nil: return nil
        }
    }

    private func matrix(_ confusion: ConfusionMatrix) -> ReportMatrix {
        ReportMatrix(
            caption: "Confusion matrix",
            explanation:
                "Texts by true class (rows) and predicted class (columns). Shades show shares of the row.",
            labels: labels,
            counts: labels.indices.map { truth in labels.indices.map { confusion[truth, $0] } }
        )
    }

    /// The most confused pairs; nil without errors.
    private func pairs(_ confusion: ConfusionMatrix) -> ReportTable? {
        let cells = confusion.largestErrors(labels.count > Self.mostLabels.matrix ? 40 : 10)
        guard !cells.isEmpty else { return nil }
        let errors = confusion.total - confusion.correct
        return ReportTable(
            "Most confused pairs, of \(ReportNumber.counted(errors, "error"))",
            [
                .name("true class"), .name("predicted as"), .number("texts"), .number("of the class"),
                .number("of all errors"),
            ],
            cells.map { cell in
                [
                    labels[cell.label], labels[cell.prediction], ReportNumber.grouped(cell.count),
                    ReportNumber.percent(Double(cell.count) / Double(confusion.support(of: cell.label))),
                    ReportNumber.percent(Double(cell.count) / Double(errors)),
                ]
            }
        )
    }

    private func table(_ results: [LabelResult]) -> ReportTable {
        let isCut = results.count > Self.mostLabels.table
        let shown =
            isCut
            ? Array(
                results.sorted { ($1.scores.support, $0.label) < ($0.scores.support, $1.label) }
                    .prefix(Self.mostLabels.table)
            ) : results
        let noun = content.rows.map { if case .labelSets = $0.truth { "label" } else { "class" } } ?? "class"
        let caption =
            isCut
            ? "The \(Self.mostLabels.table) largest of \(ReportNumber.grouped(results.count)), with 95\u{A0}% intervals"
            : "Precision, recall and F1 of each \(noun), with 95\u{A0}% intervals"
        func spelled(_ value: Double, _ interval: ClosedRange<Double>?) -> [String] {
            [
                interval == nil ? "–" : ReportNumber.fixed(value, 3),
                interval.map { ReportNumber.interval($0) } ?? "",
            ]
        }
        return ReportTable(
            caption,
            [
                .name(noun), .number("texts"), .number("predicted"), .number("precision"),
                .number("interval"),
                .number("recall"), .number("interval"), .number("F1"), .number("interval"),
            ],
            shown.map { result in
                [labels[result.label], ReportNumber.grouped(result.scores.support)]
                    + [ReportNumber.grouped(result.predicted)]
                    + spelled(result.scores.precision, result.precisionInterval)
                    + spelled(result.scores.recall, result.recallInterval)
                    + spelled(result.scores.f1, result.f1Interval)
            }
        )
    }

    private func frequencyPlot(_ results: [LabelResult]) -> Plot {
        let present = results.filter { $0.scores.support > 0 }
        let worst = present.sorted { ($0.scores.f1, $0.label) < ($1.scores.f1, $1.label) }
        func point(_ result: LabelResult) -> CurvePoint {
            CurvePoint(Double(result.scores.support), result.scores.f1)
        }
        let named = present.count <= 24 ? worst : Array(worst.prefix(8))
        let finding =
            worst.first.map { first in
                "\(quoted(first.label)) has the lowest F1: \(ReportNumber.fixed(first.scores.f1, 3)), with "
                    + "\(ReportNumber.counted(first.scores.support, "text"))."
                    + (worst.last.map {
                        " \(quoted($0.label)) has the highest: \(ReportNumber.fixed($0.scores.f1, 3))."
                    } ?? "")
            } ?? "No class occurs in the evaluated texts."
        let never = present.count { $0.predicted == 0 }
        let missing =
            never == 0
            ? ""
            : never == 1 ? " One is never predicted." : " \(ReportNumber.grouped(never)) are never predicted."
        return Plot(
            id: "frequency",
            title: "F1 against frequency",
            finding: finding + missing,
            definition: (present.count > 60 ? "" : "Bars are 95\u{A0}% intervals. ")
                + "A low F1 at a low frequency often means too few examples; at a high one, "
                + "labels that overlap.",
            x: .logarithmic("evaluated texts with the label", present.map(\.scores.support)),
            y: .numbers("F1", [0, 1]),
            marks: [
                .whiskers(
                    present.count > 60
                        ? []
                        : present.compactMap { result in
                            result.f1Interval.map { Plot.Whisker(x: Double(result.scores.support), y: $0) }
                        }
                ), .dots(present.map(point), .first),
                .names(named.map { (point($0), labels[$0.label]) }),
            ],
            table: ReportTable(
                "F1 against frequency" + (worst.count > 60 ? ", the 60 lowest" : ", lowest first"),
                [.name("label"), .number("texts"), .number("F1")],
                worst.prefix(60).map {
                    [
                        labels[$0.label], ReportNumber.grouped($0.scores.support),
                        ReportNumber.fixed($0.scores.f1, 3),
                    ]
                }
            )
        )
    }
}
