public import Datasets
public import Evaluation

/// The rows whose label is probably wrong, as a table that a person edits and ``LabelCorrections`` takes back.
///
/// Its columns are `row`, the texts and the label under the dataset's own names, `proposed_label`, `confidence` and `keep`.
public struct SuspectTable: Sendable {
    /// The columns that are not the dataset's.
    static let ownColumns = ["row", "proposed_label", "confidence", "keep"]

    /// The table.
    public let rows: Dataset

    /// Creates a table.
    ///
    /// - Parameters:
    ///   - suspects: The suspects, in the order of the table.
    ///   - texts: All labelled rows, which have the numbers of the dataset's rows.
    ///   - columns: The dataset's columns of texts, second texts and labels.
    ///   - labels: The label names by id.
    /// - Throws: `DatasetError` if a column has the name of one of the table's own.
    public init(
        _ suspects: [ConfidentLearning.Suspect],
        of texts: LabelledTexts,
        columns: (text: String, pair: String?, label: String),
        labels: [String]
    ) throws(DatasetError) {
        let named = [columns.text, columns.pair, columns.label].compactMap { $0 }
        if let name = named.first(where: Self.ownColumns.contains) {
            throw DatasetError(
                .badData,
                "the dataset's column \"\(name)\" has the name of a column of the table of suspects; rename it, for example with "
                    + "another header"
            )
        }
        var table: [(name: String, values: [CellValue])] = [
            ("row", suspects.map { .int($0.row + 1) }),
            (columns.text, suspects.map { .string(texts.texts[$0.row]) }),
        ]
        if let pair = columns.pair, let second = texts.pairedTexts {
            table.append((pair, suspects.map { .string(second[$0.row]) }))
        }
        table.append((columns.label, suspects.map { .string(labels[$0.label]) }))
        table.append(("proposed_label", suspects.map { .string(labels[$0.proposed]) }))
        table.append(("confidence", suspects.map { .double(($0.confidence * 1e6).rounded() / 1e6) }))
        table.append(("keep", suspects.map { _ in .string("yes") }))
        var rows = try Dataset(columns: [])
        for column in table { rows = try rows.addColumn(column.name, column.values) }
        self.rows = rows
    }
}
