public import Classification
public import Datasets

extension Dataset {
    /// The rows that have a label and a text, as the policies say.
    ///
    /// - Parameters:
    ///   - textColumn: Holds the texts.
    ///   - labelColumns: Hold the labels; a row needs a value in each.
    ///   - missingLabels: For rows without a label; `.keep` is taken for `.refuse`.
    ///   - emptyTexts: For texts that are missing or white space only.
    /// - Returns: The rows that stay, and a sentence for each kind that was left out.
    /// - Throws: `DatasetError` naming the first row that is refused; `.missingColumn`.
    public func cleaned(
        textColumn: String,
        labelColumns: [String],
        missingLabels: RowPolicy,
        emptyTexts: RowPolicy
    ) throws(DatasetError) -> (rows: Dataset, notes: [String]) {
        var kept = Array(0..<count)
        var notes: [String] = []
        func apply(
            _ policy: RowPolicy,
            to isBad: [Bool],
            _ what: String,
            column: String,
            flag: String
        ) throws(DatasetError) {
            guard let first = isBad.firstIndex(of: true), policy != .keep else { return }
            let bad = isBad.count { $0 }
            guard policy == .drop else {
                throw DatasetError(
                    .badData,
                    "\(bad) rows have no \(what) in column \"\(column)\" (the first is row \(first + 1)); "
                        + "remove them, or leave them out with \(flag) drop"
                )
            }
            kept.removeAll { isBad[$0] }
            notes.append("left out \(bad) rows without a \(what)")
        }
        let labelPolicy = missingLabels == .keep ? RowPolicy.refuse : missingLabels
        for column in labelColumns {
            let isMissing = try rows(columns: [column]).map { $0[column] == .missing }
            try apply(labelPolicy, to: isMissing, "value", column: column, flag: "--missing-labels")
        }
        if emptyTexts != .keep {
            let texts = try strings(textColumn).map { $0?.allSatisfy(\.isWhitespace) ?? true }
            try apply(emptyTexts, to: texts, "text", column: textColumn, flag: "--empty-texts")
        }
        return (kept.count == count ? self : select(kept), notes)
    }
}
