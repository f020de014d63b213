public import Classification
public import Datasets
import Files
public import Models
public import NN

/// The columns of a dataset that classification needs.
public struct LabelledTexts: Sendable {
    /// The texts; a missing one is empty.
    public let texts: [String]
    /// The texts that belong with them, where the examples are pairs.
    public let seconds: [String]?
    /// The classes that rows have, in the data's own order where it has one, else sorted; of numbers the column's name.
    public let names: [String]
    /// One label, several or a number a row.
    public let problemType: ProblemType
    /// Whether the data names its classes itself, so that there may be some that no row has.
    public let hasOwnClasses: Bool
    /// By row the class ids among ``names``, or the number.
    let rows: Targets
    /// The rows without their columns, to name one as it is found in its file.
    let source: Dataset

    /// What is tokenized.
    public var inputs: TextInputs { TextInputs(texts, seconds: seconds) }

    /// Takes the columns.
    ///
    /// - Parameters:
    ///   - dataset: The rows.
    ///   - textColumn: Holds the texts.
    ///   - textPairColumn: Holds the texts that belong with them; nil for single texts.
    ///   - labelColumns: One column of labels, of lists of labels or of numbers; or several columns of 0 and 1. For one
    ///     label a row, lists and columns of 0 and 1 must give exactly one.
    ///   - problemType: One label, several or a number a row.
    /// - Throws: `DatasetError` if a column or a row's label is missing, or is of another kind.
    public init(
        _ dataset: Dataset,
        textColumn: String,
        textPairColumn: String? = nil,
        labelColumns: [String],
        problemType: ProblemType = .singleLabel
    ) throws(DatasetError) {
        texts = try dataset.strings(textColumn).map { $0 ?? "" }
        seconds = try textPairColumn.map { name throws(DatasetError) in
            try dataset.strings(name).map { $0 ?? "" }
        }
        self.problemType = problemType
        // Without the columns, which would keep the texts twice.
        source = try dataset.selectColumns([])
        let shown = labelColumns.map { "\"\($0)\"" }.joined(separator: ", ")
        if problemType == .regression {
            guard let column = labelColumns.first, labelColumns.count == 1 else {
                throw DatasetError(.badData, "a regression learns the numbers of one column, not of \(shown)")
            }
            names = [column]
            hasOwnClasses = false
            rows = .numbers(try dataset.numbers(column))
            return
        }
        let labels = try dataset.checkedLabels(labelColumns)
        if labelColumns.count == 1, let spelled = SpelledLabels(labels, column: labelColumns[0], of: dataset)
        {
            throw spelled.error
        }
        if problemType == .singleLabel { try dataset.requireSingle(labels, in: labelColumns) }
        let isMissing = labels.isMissing(needsOne: problemType == .singleLabel)
        if let row = isMissing.firstIndex(of: true) {
            throw try dataset.missingLabels(
                isMissing.count { $0 },
                first: row,
                in: labelColumns,
                remedy: "remove them, or choose another --label-column"
            )
        }
        names = labels.names
        let feature = try labelColumns.count == 1 ? dataset.feature(of: labelColumns[0]) : nil
        hasOwnClasses = feature == nil || feature?.classLabel != nil
        rows =
            problemType == .multiLabel
            ? .labelSets(labels.codes.map { labels.sets[Int($0)].map(Int.init) })
            : .classes(labels.codes.map { Int(labels.sets[Int($0)][0]) })
    }

    /// The rows' targets with ids among given labels.
    ///
    /// - Parameter labels: Names by id.
    /// - Returns: As many targets as there are rows.
    /// - Throws: ``UnknownLabel`` for a name that is not among them.
    public func targets(among labels: [String]) throws(UnknownLabel) -> Targets {
        if case .numbers = rows { return rows }
        let ids = try match(among: labels).ids
        switch rows {
        case .numbers: return rows
        case .classes(let classes): return .classes(classes.compactMap { ids[$0] })
        case .labelSets(let sets): return .labelSets(sets.map { $0.compactMap { ids[$0] }.sorted() })
        }
    }
}

extension Dataset {
    /// A column's numbers, texts that spell numbers too.
    fileprivate func numbers(_ column: String) throws(DatasetError) -> [Double] {
        if case .list = try feature(of: column) {
            throw DatasetError(
                .badData,
                "column \"\(column)\" holds lists, and a regression learns one number a row; choose another --label-column"
            )
        }
        // Of a column of numbers the message says Infinity, as the file does.
        try requireKnownClasses(in: column)
        let cast = try castColumn(column, to: .value(.float64))
        var numbers: [Double] = []
        numbers.reserveCapacity(count)
        var missing: [Int] = []
        for (row, values) in try cast.rows(columns: [column]).enumerated() {
            guard let number = values[column].double else {
                missing.append(row)
                continue
            }
            guard number.isFinite else {
                throw DatasetError(
                    .badData,
                    "\(location(ofRow: row)): column \"\(column)\" holds \(number), which is not a valid target; fix or remove the row"
                )
            }
            numbers.append(number)
        }
        if let first = missing.first {
            throw try missingLabels(
                missing.count,
                first: first,
                in: [column],
                remedy: "remove them, or choose another --label-column"
            )
        }
        return numbers
    }
}
