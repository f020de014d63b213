public import Datasets
import Foundation

/// A person's changes to the labels of a dataset, in the table that ``SuspectTable`` wrote.
///
/// A changed label replaces the dataset's, and a row with an empty label or with `no` as `keep` is removed. Every other row of
/// the dataset stays as it is.
public struct LabelCorrections: Sendable {
    /// The corrected dataset and the number of corrections.
    public struct Outcome: Sendable {
        /// The corrected rows.
        public let rows: Dataset
        /// The number of rows with another label than before.
        public let changed: Int
        /// The number of removed rows.
        public let removed: Int
        /// Labels that no row had before, in order of appearance; a typing error is among them.
        public let newLabels: [String]
    }

    private struct Correction {
        let row: Int
        let label: String?
    }

    private let table: Dataset
    private let textColumns: [String]
    private let labelColumn: String

    /// Reads the columns of an edited table.
    ///
    /// - Parameter table: The table.
    /// - Throws: `DatasetError` if it lacks columns.
    public init(_ table: Dataset) throws(DatasetError) {
        let named = table.columnNames.filter { !SuspectTable.ownColumns.contains($0) }
        guard table.columnNames.contains("row"), named.count == 2 || named.count == 3,
            let label = named.last
        else {
            throw DatasetError(
                .missingColumn,
                "the table of suspects must have the column \"row\", and the texts and the label under the names of the dataset's "
                    + "columns, as `attune errors --output` writes it; it has \(table.columnNames.joined(separator: ", "))"
            )
        }
        self.table = table
        textColumns = named.dropLast()
        labelColumn = label
    }

    /// Applies the corrections.
    ///
    /// - Parameter dataset: The dataset that the suspects were found in.
    /// - Returns: The corrected rows.
    /// - Throws: `DatasetError` naming the row of the table whose text is not that of the dataset's row, or that is repeated.
    public func apply(to dataset: Dataset) throws(DatasetError) -> Outcome {
        try requireSameTexts(in: dataset)
        let old = try dataset.strings(labelColumn)
        let corrections = try read(dataset)
        var labels = old
        var isRemoved = [Bool](repeating: false, count: dataset.count)
        var newLabels: [String] = []
        let known = Set(old.compactMap { $0 })
        var changed = 0
        for correction in corrections {
            guard let label = correction.label else {
                isRemoved[correction.row] = true
                continue
            }
            guard !Self.areEqual(label, old[correction.row]) else { continue }
            labels[correction.row] = label
            changed += 1
            if !known.contains(label), !newLabels.contains(label) { newLabels.append(label) }
        }
        var rows = dataset
        if changed > 0 { rows = try dataset.addColumn(labelColumn, try cells(labels, of: dataset)) }
        let kept = isRemoved.indices.filter { !isRemoved[$0] }
        return Outcome(
            rows: kept.count < dataset.count ? rows.select(kept) : rows,
            changed: changed,
            removed: dataset.count - kept.count,
            newLabels: newLabels
        )
    }

    /// The zero-based row of the dataset for each row of the table.
    private func places(_ dataset: Dataset) throws(DatasetError) -> [Int] {
        var seen: Set<Int> = []
        var places: [Int] = []
        for (index, text) in try table.strings("row").enumerated() {
            guard let number = text.flatMap({ Double($0) }).flatMap({ Int(exactly: $0) }),
                (1...max(dataset.count, 1)).contains(number), dataset.count > 0
            else {
                throw DatasetError(
                    .badData,
                    "\(table.location(ofRow: index)): the dataset has no row \(text ?? "without a number"); it has \(dataset.count)"
                )
            }
            guard seen.insert(number).inserted else {
                throw DatasetError(
                    .badData,
                    "\(table.location(ofRow: index)): row \(number) of the dataset appears twice; remove one of them"
                )
            }
            places.append(number - 1)
        }
        return places
    }

    private func requireSameTexts(in dataset: Dataset) throws(DatasetError) {
        let places = try places(dataset)
        for column in textColumns {
            let (theirs, ours) = (try dataset.strings(column), try table.strings(column))
            for (index, row) in places.enumerated()
            where !Self.areEqual(ours[index] ?? "", theirs[row] ?? "") {
                throw DatasetError(
                    .badData,
                    "\(table.location(ofRow: index)): its text in column \"\(column)\" is not that of row \(row + 1) of the dataset; "
                        + "give the dataset that the suspects were found in, and leave texts and row numbers as they are"
                )
            }
        }
    }

    private func read(_ dataset: Dataset) throws(DatasetError) -> [Correction] {
        let labels = try table.strings(labelColumn)
        let keep = table.columnNames.contains("keep") ? try table.strings("keep") : []
        var corrections: [Correction] = []
        for (index, row) in try places(dataset).enumerated() {
            let label = (labels[index] ?? "").trimmingCharacters(in: .whitespaces)
            let answer = keep.isEmpty ? "yes" : (keep[index] ?? "yes").lowercased()
            guard ["yes", "y", "true", "1", "no", "n", "false", "0", ""].contains(answer) else {
                throw DatasetError(
                    .badData,
                    "\(table.location(ofRow: index)): keep must be yes or no, but is \"\(answer)\""
                )
            }
            let isKept = !label.isEmpty && !["no", "n", "false", "0"].contains(answer)
            corrections.append(Correction(row: row, label: isKept ? labels[index] : nil))
        }
        return corrections
    }

    /// The labels as values of the column's kind, or as texts if one is not a number.
    private func cells(_ labels: [String?], of dataset: Dataset) throws(DatasetError) -> [CellValue] {
        if case .value(let type) = try dataset.feature(of: labelColumn), type != .string {
            let numbers = labels.map { $0.map { Int($0).map(CellValue.int) } ?? .missing }
            if !numbers.contains(nil) { return numbers.compactMap { $0 } }
        }
        return labels.map { $0.map(CellValue.string) ?? .missing }
    }

    /// Whether two cells are the same text, or the same number spelled differently, as programs for tables do.
    private static func areEqual(_ first: String, _ second: String?) -> Bool {
        guard let second else { return false }
        if first == second { return true }
        guard let a = Double(first), let b = Double(second) else {
            return lines(first) == lines(second)
        }
        return a == b
    }

    /// A text with the line feeds of every system as one kind.
    private static func lines(_ text: String) -> String { text.replacing("\r\n", with: "\n") }
}
