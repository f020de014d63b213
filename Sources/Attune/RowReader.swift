public import Classification
public import Datasets
public import Models

/// Reads a dataset's rows for a saved classifier, with the settings of its training unless overridden.
///
/// ```swift
/// let reader = try RowReader(model: "runs/tweets")
/// let texts = try reader.inputs(of: Dataset("new.csv"))     // by the columns of training
/// ```
public struct RowReader: Sendable {
    /// The caller's settings.
    public let told: ClassifierSettings
    /// The settings of training, from the model's `attune.json`.
    public let saved: ClassifierSettings

    /// The settings in effect: the caller's, completed by those of training.
    public var settings: ClassifierSettings { told.completed(by: saved) }

    /// Creates a reader for a model.
    ///
    /// - Parameters:
    ///   - path: A model's folder or a `.gguf` or `.attune` file.
    ///   - told: Settings that override those of training.
    /// - Throws: `ModelError` for a damaged `attune.json`.
    public init(model path: String, told: ClassifierSettings = ClassifierSettings()) throws(ModelError) {
        self.told = told
        saved = try ClassifierSettings(model: path)
    }

    /// The column of texts: the caller's, else as in training, else `text`, else the only column.
    ///
    /// - Parameter rows: The dataset.
    /// - Returns: The column's name.
    /// - Throws: `.missingColumn`, naming the column of training.
    public func textColumn(of rows: Dataset) throws(DatasetError) -> String {
        if let column = told.textColumn { return column }
        let column = saved.textColumn ?? "text"
        if !rows.columnNames.contains(column), rows.columnNames.count == 1, pairColumn == nil {
            return rows.columnNames[0]
        }
        try requireColumn(column, of: rows, "--text-column")
        return column
    }

    /// The column of the second texts; nil for single texts.
    ///
    /// - Parameter rows: The dataset.
    /// - Returns: The column's name.
    /// - Throws: `.missingColumn`, naming the column of training.
    public func textPairColumn(of rows: Dataset) throws(DatasetError) -> String? {
        guard let column = pairColumn else { return nil }
        if told.textPairColumn == nil { try requireColumn(column, of: rows, "--text-pair-column") }
        return column
    }

    /// Whether the classifier reads pairs of texts.
    public var readsPairs: Bool { pairColumn != nil }

    private var pairColumn: String? { settings.textPairColumn.flatMap { $0.isEmpty ? nil : $0 } }

    /// The texts of some rows; a missing text is empty.
    ///
    /// - Parameter rows: The dataset.
    /// - Returns: Texts or pairs, in order.
    /// - Throws: `.missingColumn`, naming the column of training; `.badFile`; `.badData`.
    public func inputs(of rows: Dataset) throws(DatasetError) -> TextInputs {
        let (column, pair) = (try textColumn(of: rows), try textPairColumn(of: rows))
        let loaded = try rows.loaded(columns: [column] + [pair].compactMap { $0 }.filter { $0 != column })
        let texts = try loaded.strings(column).map { $0 ?? "" }
        let pairedTexts = try pair.map { name throws(DatasetError) in
            try loaded.strings(name).map { $0 ?? "" }
        }
        return TextInputs(texts, pairedTexts: pairedTexts)
    }

    /// The labelled rows that remain after applying the policies, in order.
    ///
    /// - Parameters:
    ///   - rows: The dataset.
    ///   - problemType: The classifier's problem type.
    /// - Returns: The rows, and notes on rows that were left out.
    /// - Throws: `DatasetError` if a column is missing, no label column is known, or a row is refused.
    public func labelled(
        _ rows: Dataset,
        problemType: ProblemType
    ) throws(DatasetError) -> (texts: LabelledTexts, notes: [String]) {
        let columns = try labelColumns(of: rows)
        let (text, pair) = (try textColumn(of: rows), try textPairColumn(of: rows))
        let known = rows.warnings.count
        let loaded = try rows.loaded(columns: self.columns(of: rows)).readingLabelVectors(in: columns)
        let header = try rows.repeatedHeaderNote(lookingFirstAt: columns.first).map { "warning: \($0)" }
        let (kept, notes) = try loaded.cleaned(
            textColumn: text,
            labelColumns: columns,
            problemType: problemType,
            missingLabels: settings.missingLabels ?? .refuse,
            emptyTexts: settings.emptyTexts ?? .keep
        )
        let texts = try LabelledTexts(
            kept,
            textColumn: text,
            textPairColumn: pair,
            labelColumns: columns,
            problemType: problemType
        )
        return (texts, [header].compactMap { $0 } + loaded.warnings.dropFirst(known) + notes)
    }

    /// The columns of texts and labels, each once, after checking that they exist.
    ///
    /// - Parameter rows: The dataset.
    /// - Returns: The column names.
    /// - Throws: `.missingColumn` if one is missing or no label column is known.
    public func columns(of rows: Dataset) throws(DatasetError) -> [String] {
        let named = [try textColumn(of: rows), try textPairColumn(of: rows)].compactMap { $0 }
        var columns: [String] = []
        for name in try named + labelColumns(of: rows) where !columns.contains(name) {
            _ = try rows.feature(of: name)
            columns.append(name)
        }
        return columns
    }

    /// The label columns.
    ///
    /// - Parameter rows: The dataset.
    /// - Returns: At least one column name.
    /// - Throws: `.missingColumn` if none is known or one is missing.
    public func labelColumns(of rows: Dataset) throws(DatasetError) -> [String] {
        if let columns = told.labelColumns { return columns }
        guard let columns = saved.labelColumns else {
            throw DatasetError(
                .missingColumn,
                "the label column is unknown; give it with --label-column"
            )
        }
        for column in columns { try requireColumn(column, of: rows, "--label-column") }
        return columns
    }

    /// Refuses a missing column, with an error that names the flag for another column.
    private func requireColumn(_ column: String, of rows: Dataset, _ flag: String) throws(DatasetError) {
        do throws(DatasetError) {
            _ = try rows.feature(of: column)
        } catch {
            guard error.code == .missingColumn else { throw error }
            let isRemembered = saved != ClassifierSettings()
            throw DatasetError(
                .missingColumn,
                error.message
                    + (isRemembered ? "; the model was trained with \"\(column)\": give yours" : "; give it")
                    + " with \(flag)"
            )
        }
    }
}
