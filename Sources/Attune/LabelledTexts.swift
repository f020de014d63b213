public import Classification
public import Datasets

/// The columns of a dataset that classification needs.
public struct LabelledTexts: Sendable {
    /// The texts; a missing one is empty.
    public let texts: [String]
    /// The texts that belong with them, where the examples are pairs.
    public let seconds: [String]?
    /// A label name per text.
    public let names: [String]
    /// The classes in the data's own order, where it has one.
    public let classLabel: ClassLabel?

    /// What is tokenized.
    public var inputs: TextInputs { TextInputs(texts, seconds: seconds) }

    /// Takes the columns.
    ///
    /// - Parameters:
    ///   - dataset: The rows.
    ///   - textColumn: Holds the texts.
    ///   - textPairColumn: Holds the texts that belong with them; nil for single texts.
    ///   - labelColumn: Holds the labels' names.
    /// - Throws: `DatasetError` where a column or a row's label is missing.
    public init(
        _ dataset: Dataset,
        textColumn: String,
        textPairColumn: String? = nil,
        labelColumn: String
    ) throws(DatasetError) {
        texts = try dataset.strings(textColumn).map { $0 ?? "" }
        seconds = try textPairColumn.map { name throws(DatasetError) in
            try dataset.strings(name).map { $0 ?? "" }
        }
        classLabel = try dataset.feature(of: labelColumn).classLabel
        let labels = try dataset.strings(labelColumn)
        names = labels.compactMap { $0 }
        if let row = labels.firstIndex(where: { $0 == nil }) {
            throw DatasetError(
                .badData,
                "\(labels.count - names.count) rows have no value in column \"\(labelColumn)\" (the first is row \(row + 1)); "
                    + "remove them, or choose another --label-column"
            )
        }
    }

    /// The rows' class ids among given labels.
    ///
    /// - Parameter labels: Names by id.
    /// - Returns: As many ids as there are rows.
    /// - Throws: `DatasetError` for a name that is not among them.
    public func ids(among labels: [String]) throws(DatasetError) -> [Int] {
        let label = ClassLabel(names: labels)
        let ids = label.encode(names)
        if let row = ids.firstIndex(where: { $0 == nil }) {
            let known =
                labels.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ")
                + (labels.count > 12 ? ", …" : "")
            throw DatasetError(
                .badData,
                "row \(row + 1) is labelled \"\(names[row])\", which the model does not know; it knows \(known)"
            )
        }
        return ids.compactMap { $0 }
    }
}
