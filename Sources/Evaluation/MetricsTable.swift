import Foundation

extension ClassificationMetrics {
    /// Returns the metrics, a row per class and the confusion matrix as plain text.
    ///
    /// - Parameters:
    ///   - labels: The label names by id.
    ///   - columns: The most terminal columns of a line of the tables, whose cells are shortened; nil for no limit.
    /// - Returns: The lines, each ending in a line feed.
    public func table(labels: [String], columns: Int? = nil) -> String {
        let interval = "95 %: \(spelled(accuracyInterval, fixed))"
        var text =
            "accuracy             \(fixed(accuracy))   (\(interval); majority baseline: \(fixed(majorityBaseline)))\n"
        text += row("balanced accuracy", balancedAccuracy, intervals["balanced_accuracy"])
        text += row(
            "Matthews correlation",
            matthewsCorrelation,
            intervals["matthews_correlation"],
            reason("matthews_correlation", "all texts or all predictions have the same class")
        )
        text += row("F1 macro", averaged(\.f1, .macro), intervals["f1_macro"])
        text += row("F1 weighted", averaged(\.f1, .weighted), intervals["f1_weighted"])
        if let probabilities {
            let area = probabilities.areaUnderROC
            if let area { text += row("ROC-AUC", area, intervals["roc_auc"]) }
            if let precision = probabilities.averagePrecision {
                text += row("PR-AUC", precision, intervals["average_precision"])
            }
            text += leftOutAreas(probabilities.uncomparedScores)
            text += row(
                "log loss",
                probabilities.logLoss,
                intervals["log_loss"],
                "the plain loss, without weights or smoothing"
            )
            text += row("Brier score", probabilities.brierScore, intervals["brier_score"])
            text += row(
                "calibration error",
                probabilities.calibrationError,
                nil,
                reason("ece", "chance alone makes it positive")
            )
        }
        text += classTables(labels, perClass, "class", "classes", columns)
        if labels.count <= 12 {
            text += "\n" + TextTable(numbers: confusionRows(labels)).text(columns: columns)
        }
        return text
    }

    /// Explains why a metric has no interval, if intervals were requested.
    private func reason(_ name: String, _ why: String) -> String? {
        !intervals.isEmpty && intervals[name] == nil ? "no interval: \(why)" : nil
    }

    private func confusionRows(_ labels: [String]) -> [[String]] {
        [["true \\ predicted"] + labels]
            + labels.indices.map { id in [labels[id]] + labels.indices.map { "\(confusion[id, $0])" } }
    }
}

extension MultiLabelMetrics {
    /// Returns the metrics and a row per label as plain text.
    ///
    /// - Parameters:
    ///   - labels: The label names by id.
    ///   - columns: The most terminal columns of a line of the tables, whose cells are shortened; nil for no limit.
    /// - Returns: The lines, each ending in a line feed.
    public func table(labels: [String], columns: Int? = nil) -> String {
        func line(_ title: String, _ value: Double, _ name: String, _ meaning: String) -> String {
            row(title, value, intervals[name], meaning)
        }
        var text = line("F1 micro", averaged(\.f1, .micro), "f1_micro", "over all decisions")
        let hasReason = !intervals.isEmpty && intervals["f1_macro"] == nil
        text += line(
            "F1 macro",
            averaged(\.f1, .macro),
            "f1_macro",
            "mean over labels" + (hasReason ? "; no interval: a label neither occurs nor is predicted" : "")
        )
        text += line("F1 weighted", averaged(\.f1, .weighted), "f1_weighted", "labels weighted by examples")
        text += line(
            "F1 samples",
            averaged(\.f1, .samples),
            "f1_samples",
            "mean over texts; 0 for a text with neither true nor predicted labels"
        )
        text += line("exact match", exactMatch, "accuracy", "all labels correct")
        text += line("Hamming loss", hammingLoss, "hamming_loss", "share of wrong decisions")
        if let areaUnderROC { text += line("ROC-AUC", areaUnderROC, "roc_auc", "mean over labels") }
        if let averagePrecision {
            text += line("PR-AUC", averagePrecision, "average_precision", "mean over labels")
        }
        text += leftOutAreas(uncomparedScores)
        if let logLoss {
            text += line("log loss", logLoss, "log_loss", "the plain loss, without weights or focal term")
        }
        return text + classTables(labels, perLabel, "label", "labels", columns)
    }
}

extension RegressionMetrics {
    /// The metrics as plain text.
    ///
    /// Each line ends in a line feed.
    public var table: String {
        row(
            "RMSE",
            rootMeanSquaredError,
            intervals["rmse"],
            "mean baseline: \(significant(meanBaseline))",
            format: significant
        ) + row("MAE", meanAbsoluteError, intervals["mae"], format: significant)
            + row("R²", rSquared, intervals["r2"]) + row("Pearson", pearson, intervals["pearson"])
            + row("Spearman", spearman, intervals["spearmanr"])
    }
}

/// A whole number with a comma between thousands.
///
/// This module has no dependency that provides it.
private func grouped(_ number: Int) -> String {
    let digits = String(number)
    let places = digits.enumerated().map { place, digit in
        (place > 0 && (digits.count - place).isMultiple(of: 3) ? "," : "") + String(digit)
    }
    return places.joined()
}

/// The most classes that are all shown.
private let mostRows = 60
/// The number of largest and worst classes that are shown if there are more.
private let someRows = 15

/// A row per class.
///
/// If there are many classes, only the largest and the worst.
private func classTables(
    _ labels: [String],
    _ perClass: [ClassificationMetrics.PerClass],
    _ one: String,
    _ many: String,
    _ columns: Int?
) -> String {
    func table(_ ids: some Sequence<Int>) -> String {
        TextTable(
            numbers: [[one, "precision", "recall", "F1", "examples"]]
                + ids.map { id in
                    let row = perClass[id]
                    return [
                        labels[id], fixed(row.precision), fixed(row.recall), fixed(row.f1), "\(row.support)",
                    ]
                }
        ).text(columns: columns)
    }
    guard perClass.count > mostRows else { return "\n" + table(perClass.indices) }
    let occurring = perClass.indices.filter { perClass[$0].support > 0 }
    let largest = occurring.sorted { (perClass[$1].support, $0) < (perClass[$0].support, $1) }
    let worst = occurring.sorted {
        (perClass[$0].f1, perClass[$1].support, $0) < (perClass[$1].f1, perClass[$0].support, $1)
    }
    let found =
        occurring.count == perClass.count
        ? "\(grouped(perClass.count)) \(many)"
        : "\(grouped(occurring.count)) \(many) with examples, of \(grouped(perClass.count))"
    func section(_ title: String, _ ids: [Int]) -> String {
        "\nthe \(min(someRows, ids.count)) \(title) of \(found)\n" + table(ids.prefix(someRows))
    }
    return section("largest", largest) + section("worst by F1", worst)
}

/// A line that explains left-out areas under curves; empty if there are none.
private func leftOutAreas(_ scores: Int?) -> String {
    scores.map {
        "ROC-AUC, PR-AUC      left out: they compare \(grouped($0)) scores, but at most \(grouped(ScoreColumns.most)) "
            + "are kept\n"
    } ?? ""
}

/// A line with a metric, its interval and a comment.
private func row(
    _ title: String,
    _ value: Double,
    _ interval: ClosedRange<Double>?,
    _ meaning: String? = nil,
    format: (Double) -> String = fixed
) -> String {
    let notes = [interval.map { "95 %: \(spelled($0, format))" }, meaning].compactMap { $0 }
    let padding = String(repeating: " ", count: max(1, 21 - title.count))
    let note = notes.isEmpty ? "" : "   (\(notes.joined(separator: "; ")))"
    return title + padding + format(value) + note + "\n"
}

private func spelled(_ interval: ClosedRange<Double>, _ format: (Double) -> String) -> String {
    "\(format(interval.lowerBound)) to \(format(interval.upperBound))"
}

/// Formats four significant digits.
private func significant(_ value: Double) -> String { String(format: "%.4g", value) }

private func fixed(_ value: Double) -> String { String(format: "%.3f", value) }
