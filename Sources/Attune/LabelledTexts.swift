public import Classification
public import Datasets
import Files
public import Models
public import NN

/// The columns of a dataset that classification needs.
public struct LabelledTexts: Sendable {
    /// The texts; a missing text is empty.
    public let texts: [String]
    /// The second texts, if the examples are pairs.
    public let pairedTexts: [String]?
    /// The classes, in the data's own order if it has one, else sorted; for regression, the column's name.
    public let names: [String]
    /// The problem type.
    public let problemType: ProblemType
    /// Whether the data itself declares its classes, which may include classes without a row.
    public let hasOwnClasses: Bool
    /// For each row the class ids among ``names``, or the number.
    let rows: Targets
    /// Whether each row has a label, if a teacher completes them; nil without a teacher, where every row has one.
    let isLabelled: [Bool]?
    /// The rows without their columns, to locate a row in its file.
    let source: Dataset

    /// The texts or pairs to tokenize.
    public var inputs: TextInputs { TextInputs(texts, pairedTexts: pairedTexts) }

    /// Reads the columns.
    ///
    /// - Parameters:
    ///   - dataset: The rows.
    ///   - textColumn: The column of texts.
    ///   - textPairColumn: The column of second texts; nil for single texts.
    ///   - labelColumns: One column of labels, of lists of labels or of numbers; or several columns of 0 and 1. For
    ///     single-label, lists and columns of 0 and 1 must give each row exactly one label.
    ///   - problemType: The problem type.
    /// - Throws: `DatasetError` if a column or a row's label is missing or has the wrong type.
    public init(
        _ dataset: Dataset,
        textColumn: String,
        textPairColumn: String? = nil,
        labelColumns: [String],
        problemType: ProblemType = .singleLabel
    ) throws(DatasetError) {
        texts = try dataset.strings(textColumn).map { $0 ?? "" }
        pairedTexts = try textPairColumn.map { name throws(DatasetError) in
            try dataset.strings(name).map { $0 ?? "" }
        }
        self.problemType = problemType
        isLabelled = nil
        // Without columns, to avoid keeping the texts twice.
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

    /// The rows' targets, with ids of the given labels.
    ///
    /// - Parameter labels: The label names by id.
    /// - Returns: One target per row; for a teacher, with logits of 0 instead of the teacher's.
    /// - Throws: ``UnknownLabel`` for a name that is not among them.
    public func targets(among labels: [String]) throws(UnknownLabel) -> Targets {
        guard let isLabelled else { return try ownTargets(among: labels) }
        return .taught(
            TaughtTargets(
                width: labels.count,
                labels: try ownTargets(among: labels),
                isLabelled: isLabelled
            )
        )
    }

    private func ownTargets(among labels: [String]) throws(UnknownLabel) -> Targets {
        if case .numbers = rows { return rows }
        let ids = try match(among: labels).ids
        switch rows {
        case .numbers, .taught: return rows
        case .classes(let classes): return .classes(classes.compactMap { ids[$0] })
        case .labelSets(let sets): return .labelSets(sets.map { $0.compactMap { ids[$0] }.sorted() })
        }
    }
}

extension Dataset {
    /// A column's numbers, including texts that spell numbers.
    fileprivate func numbers(_ column: String) throws(DatasetError) -> [Double] {
        if case .list = try feature(of: column) {
            throw DatasetError(
                .badData,
                "column \"\(column)\" holds lists, but a regression learns one number per row; choose another --label-column"
            )
        }
        // For a column of numbers the message spells Infinity as the file does.
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
