import Foundation

extension ClassificationMetrics {
    /// Metrics, a row per class and the confusion matrix as plain text.
    ///
    /// - Parameter labels: Names by id.
    /// - Returns: Lines ending in a line feed.
    public func table(labels: [String]) -> String {
        let interval = String(
            format: "%.3f to %.3f",
            accuracyInterval.lowerBound,
            accuracyInterval.upperBound
        )
        var text = """
            accuracy             \(fixed(accuracy))   (95 %: \(interval); always the largest class: \(fixed(majorityBaseline)))
            balanced accuracy    \(fixed(balancedAccuracy))
            Matthews correlation \(fixed(matthewsCorrelation))
            F1 macro             \(fixed(averaged(\.f1, .macro)))
            F1 weighted          \(fixed(averaged(\.f1, .weighted)))

            """
        text += "\n" + rows(classRows(labels, perClass, "class"))
        if labels.count <= 12 { text += "\n" + rows(confusionRows(labels)) }
        return text
    }

    private func confusionRows(_ labels: [String]) -> [[String]] {
        [["is \\ taken for"] + labels]
            + labels.indices.map { id in [labels[id]] + labels.indices.map { "\(confusion[id, $0])" } }
    }
}

extension MultiLabelMetrics {
    /// Metrics and a row per label as plain text.
    ///
    /// - Parameter labels: Names by id.
    /// - Returns: Lines ending in a line feed.
    public func table(labels: [String]) -> String {
        """
        F1 micro             \(fixed(averaged(\.f1, .micro)))   (every decision alike)
        F1 macro             \(fixed(averaged(\.f1, .macro)))   (every label alike)
        F1 weighted          \(fixed(averaged(\.f1, .weighted)))   (labels by their examples)
        F1 samples           \(fixed(averaged(\.f1, .samples)))   (every text alike; 0 where there is nothing to find or found)
        exact match          \(fixed(exactMatch))   (all labels right and none missing)
        Hamming loss         \(fixed(hammingLoss))   (wrong decisions)


        """ + rows(classRows(labels, perLabel, "label"))
    }
}

extension RegressionMetrics {
    /// Metrics as plain text, lines ending in a line feed.
    public var table: String {
        """
        RMSE                 \(significant(rootMeanSquaredError))   (always the mean: \(significant(meanBaseline)))
        MAE                  \(significant(meanAbsoluteError))
        R²                   \(fixed(rSquared))
        Pearson              \(fixed(pearson))
        Spearman             \(fixed(spearman))

        """
    }
}

/// A row per class, with a head.
private func classRows(
    _ labels: [String],
    _ perClass: [ClassificationMetrics.PerClass],
    _ title: String
) -> [[String]] {
    [[title, "precision", "recall", "F1", "examples"]]
        + zip(labels, perClass).map { name, row in
            [name, fixed(row.precision), fixed(row.recall), fixed(row.f1), "\(row.support)"]
        }
}

/// Four digits whatever the unit.
private func significant(_ value: Double) -> String { String(format: "%.4g", value) }

private func fixed(_ value: Double) -> String { String(format: "%.3f", value) }

/// Columns under each other: the first to the left, the others to the right.
private func rows(_ cells: [[String]]) -> String {
    guard let first = cells.first else { return "" }
    let widths = first.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    return cells.map { row in
        row.enumerated().map { column, cell in
            let padding = String(repeating: " ", count: widths[column] - cell.count)
            return column == 0 ? cell + padding : padding + cell
        }.joined(separator: "  ") + "\n"
    }.joined()
}
