public import Classification
public import Datasets
import Files
public import Models

extension Dataset {
    /// Applies the policies for missing labels and empty texts, the first step of training and evaluation.
    ///
    /// A label is missing if there is no value, if a column of classes has a negative id (-1, -100), if a column of 0 and 1
    /// has -1, or, for single-label, if the list is empty.
    ///
    /// - Parameters:
    ///   - textColumn: The column of texts; nil checks only labels.
    ///   - labelColumns: The label columns; a row needs a value in each.
    ///   - problemType: The problem type; nil takes multi-label if the data has several labels per text.
    ///   - missingLabels: The policy for rows without a label; `.keep` is treated as `.refuse`.
    ///   - emptyTexts: The policy for texts that are missing or only white space.
    /// - Returns: The remaining rows, and a note for each kind of rows left out.
    /// - Throws: `DatasetError` naming the first row that is refused, or the split if none of its rows has a label;
    ///   `.missingColumn`.
    public func cleaned(
        textColumn: String?,
        labelColumns: [String],
        problemType: ProblemType? = nil,
        missingLabels: RowPolicy,
        emptyTexts: RowPolicy
    ) throws(DatasetError) -> (rows: Dataset, notes: [String]) {
        var isLeftOut = [Bool](repeating: false, count: count)
        var notes: [String] = []
        if !labelColumns.isEmpty {
            let labels = problemType == .regression ? nil : try checkedLabels(labelColumns)
            let isMissing =
                if let labels { labels.isMissing(needsOne: problemType == .singleLabel) } else {
                    try isMissingNumber(labelColumns)
                }
            let missing = isMissing.count { $0 }
            if missing == count || missing > 0 && missingLabels != .drop,
                let first = isMissing.firstIndex(of: true)
            {
                if problemType == .singleLabel, let labels, labels.isMultiLabel, missing < count {
                    try requireSingle(labels, in: labelColumns)
                    throw noSingleLabel(isMissing, in: labelColumns)
                }
                throw try self.missingLabels(
                    missing,
                    first: first,
                    in: labelColumns,
                    remedy: "remove them, or leave them out with --missing-labels drop"
                )
            }
            if missing > 0 {
                isLeftOut = isMissing
                notes.append("left out \(counted(missing, "row")) without a label")
            }
        }
        if let textColumn, emptyTexts != .keep {
            let isEmpty = try strings(textColumn).map { $0?.allSatisfy(\.isWhitespace) ?? true }
            let empty = isEmpty.count { $0 }
            if let first = isEmpty.firstIndex(of: true), emptyTexts == .refuse {
                throw DatasetError(
                    .badData,
                    "\(counted(empty, "row has", "rows have")) no text in column \"\(textColumn)\" (the first is "
                        + "\(location(ofRow: first))); remove them, or leave them out with --empty-texts drop"
                )
            }
            if empty > 0 {
                for row in isLeftOut.indices where isEmpty[row] { isLeftOut[row] = true }
                notes.append("left out \(counted(empty, "row")) without a text")
            }
        }
        guard isLeftOut.contains(true) else { return (self, notes) }
        return (select(isLeftOut.indices.filter { !isLeftOut[$0] }), notes)
    }

    /// Finds the rows without a label.
    ///
    /// - Parameters:
    ///   - columns: The label columns; without any, no row has a label.
    ///   - problemType: The problem type.
    /// - Returns: For each row, whether its label is missing.
    /// - Throws: `DatasetError` if a column is missing.
    func lacksLabel(in columns: [String], _ problemType: ProblemType) throws(DatasetError) -> [Bool] {
        guard !columns.isEmpty else { return [Bool](repeating: true, count: count) }
        if problemType == .regression { return try isMissingNumber(columns) }
        return try checkedLabels(columns).isMissing(needsOne: problemType == .singleLabel)
    }

    private func isMissingNumber(_ columns: [String]) throws(DatasetError) -> [Bool] {
        var isMissing = [Bool](repeating: false, count: count)
        for column in columns {
            for row in try rows(columns: [column]) where row[column] == .missing {
                isMissing[row.index] = true
            }
        }
        return isMissing
    }

    /// Refuses lists of labels, or columns of 0 and 1, that give a row several labels although the task is single-label.
    ///
    /// - Parameters:
    ///   - labels: The rows' labels.
    ///   - columns: The label columns.
    /// - Throws: `DatasetError` with code `.badData`, naming the rows without a label and with several.
    func requireSingle(_ labels: RowLabels, in columns: [String]) throws(DatasetError) {
        let several = labels.isMultiLabel ? labels.rows { $0 > 1 } : []
        guard !several.isEmpty else { return }
        let none = labels.rows { $0 == 0 }
        let also =
            none.isEmpty
            ? ""
            : ", and \(counted(none.count, "row has none", "rows have none")) (\(locations(ofRows: none)))"
        throw DatasetError(
            .badData,
            "\(Self.shown(columns)) \(counted(several.count, "row")) several labels (\(locations(ofRows: several)))\(also), but "
                + "the task is single-label; use --problem-type multi-label, or leave one label in each row"
        )
    }

    /// The error for lists of labels, or columns of 0 and 1, that give rows no label although the task is single-label.
    private func noSingleLabel(_ isMissing: [Bool], in columns: [String]) -> DatasetError {
        let rows = isMissing.indices.filter { isMissing[$0] }
        return DatasetError(
            .badData,
            "\(Self.shown(columns)) \(counted(rows.count, "row")) no label (\(locations(ofRows: rows))), but the "
                + "task is single-label; remove them, or leave them out with --missing-labels drop"
        )
    }

    /// `column "label" gives`, `columns "a", "b" give`.
    private static func shown(_ columns: [String]) -> String {
        let names = columns.map { "\"\($0)\"" }.joined(separator: ", ")
        return columns.count == 1 ? "column \(names) gives" : "columns \(names) give"
    }
}
