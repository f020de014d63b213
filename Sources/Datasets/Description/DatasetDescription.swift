import Files

/// A summary of labelled texts, to check before training on them.
///
/// Texts are streamed and not kept: a row needs about fifty bytes, so a file larger than memory can be described.
/// Lengths are in Unicode scalars, as counted by Python's `len`: they match what users of datasets see, are the same in
/// every version of Unicode, and take no extra time to count. An emoji made of several scalars counts as several.
public struct DatasetDescription: Sendable, Equatable {
    /// A column and its kind of values.
    public struct ColumnSummary: Sendable, Equatable {
        /// The column's name.
        public var name: String
        /// The kind of values it holds.
        public var feature: Feature
    }

    /// The texts of a column, or the pairs of two columns.
    public struct Texts: Sendable, Equatable {
        /// The number of rows without a text.
        public var missing: Int
        /// The zero-based indices of the first of them.
        public var missingRows: [Int]
        /// The number of rows whose text is empty or only white space.
        public var blank: Int
        /// The zero-based indices of the first of them.
        public var blankRows: [Int]
        /// The lengths of all texts in characters; for pairs, of both texts together.
        public var characters: TextLengths
        /// The lengths in tokens, including special tokens; nil without a token counter.
        public var tokens: TextLengths?
        /// The tokens that the maximum length cuts off; nil without a maximum length or a token counter.
        public var truncation: TruncatedTexts?
        /// The texts that occur in several rows.
        public var repeated: RepeatedTexts
        /// The texts that also occur in the evaluation data; nil without evaluation data.
        public var overlap: SplitOverlap?
    }

    /// The number of rows.
    public let rows: Int
    /// The number of evaluation rows; nil without evaluation data.
    public let evaluationRows: Int?
    /// The readable columns, in the file's order.
    public let columns: [ColumnSummary]
    /// The nested columns, which are read as one column per part.
    public let nestedColumns: [NestedColumn]
    /// The nested columns without any readable part.
    public let leftOutColumns: [String]
    /// Warnings from reading the files.
    public let warnings: [String]
    /// The classes; nil if no label column was named.
    public let labels: LabelCounts?
    /// The labels that are lists written as text; nil if there are none.
    package let spelledLabels: SpelledLabels?
    /// The texts; nil if no text column was named.
    public let texts: Texts?
    /// The zero-based indices of rows that repeat the header.
    public let repeatedHeaderRows: [Int]
    /// The label columns that the evaluation data lacks.
    public let missingEvaluationLabelColumns: [String]
    /// The text columns that the evaluation data lacks.
    public let missingEvaluationTextColumns: [String]

    /// Describes all rows of a dataset.
    ///
    /// - Parameters:
    ///   - dataset: The rows.
    ///   - options: The columns and limits.
    ///   - progress: Receives the progress, on any thread.
    /// - Throws: `.missingColumn`, `.badFile`; `.badData` if a column cannot be texts or labels; errors of the token counter.
    public init(
        _ dataset: Dataset,
        _ options: DescriptionOptions,
        progress: @escaping @Sendable (DescriptionProgress) -> Void = { _ in }
    ) throws {
        for rows in [dataset.count, options.evaluation?.count ?? 0] where rows > Int(Int32.max) {
            throw DatasetError(
                .badData,
                "\(rows) rows are more than can be described at once (\(Int32.max)); describe a part of the files"
            )
        }
        rows = dataset.count
        evaluationRows = options.evaluation?.count
        columns = dataset.features.map { ColumnSummary(name: $0.name, feature: $0.feature) }
        nestedColumns = dataset.unreadNestedColumns
        leftOutColumns = dataset.leftOutColumns
        var warnings = dataset.warnings
        for warning in options.evaluation?.warnings ?? [] where !warnings.contains(warning) {
            warnings.append(warning)
        }
        if let limit = options.lengthLimit, let maxLength = options.maxLength, maxLength > limit {
            warnings.append(
                "the model accepts at most \(counted(limit, "token")), so texts are cut there, not at \(grouped(maxLength))"
            )
        }
        self.warnings = warnings
        repeatedHeaderRows = try dataset.repeatedHeaderRows(lookingFirstAt: options.labelColumns.first)
        func missing(_ columns: [String?]) -> [String] {
            options.evaluation.map { held in columns.compactMap { $0 }.filter { held.place(of: $0) == nil } }
                ?? []
        }
        missingEvaluationLabelColumns = missing(options.labelColumns)
        missingEvaluationTextColumns = missing([options.textColumn, options.textPairColumn])
        func labels(of dataset: Dataset) throws(DatasetError) -> RowLabels? {
            options.labelColumns.isEmpty ? nil : try RowLabels(dataset, columns: options.labelColumns)
        }
        let trainLabels = try labels(of: dataset)
        // Evaluation data may have no labels, as in competitions.
        let evaluationLabels = try options.evaluation.flatMap { (held) throws(DatasetError) in
            options.labelColumns.allSatisfy { held.place(of: $0) != nil } ? try labels(of: held) : nil
        }
        self.labels = trainLabels.map {
            LabelCounts($0, evaluation: evaluationLabels, exampleCount: options.exampleCount)
        }
        spelledLabels =
            options.labelColumns.count == 1
            ? trainLabels.flatMap { SpelledLabels($0, column: options.labelColumns[0], of: dataset) } : nil
        guard options.textColumn != nil else {
            texts = nil
            return
        }
        let reader = DescribedTexts(options: options, progress: progress)
        var described = try reader.describe(dataset, labels: trainLabels)
        if let evaluation = options.evaluation, missingEvaluationTextColumns.isEmpty {
            described.texts.overlap = SplitOverlap(
                train: described.scan,
                trainLabels: trainLabels,
                evaluation: try reader.scan(evaluation),
                evaluationLabels: evaluationLabels,
                exampleCount: options.exampleCount
            )
        }
        texts = try reader.addingExamples(to: described.texts, dataset)
    }
}

/// The options of a dataset description.
public struct DescriptionOptions: Sendable {
    /// Counts tokens, so that this module does not depend on a tokenizer.
    public struct TokenCounter: Sendable {
        /// Returns the number of tokens of each text, without special tokens.
        public var counts: @Sendable ([String]) throws -> [Int]
        /// The number of special tokens added to a text, or to a pair of texts.
        public var specialCount: Int

        /// Creates a counter.
        ///
        /// - Parameters:
        ///   - specialCount: The number of special tokens of a text, or of a pair.
        ///   - counts: Returns the number of tokens of each text, without special tokens.
        public init(specialCount: Int, counts: @escaping @Sendable ([String]) throws -> [Int]) {
            self.specialCount = specialCount
            self.counts = counts
        }
    }

    /// The column of the texts; nil describes no texts.
    public var textColumn: String?
    /// The column of the second texts, if rows are pairs.
    public var textPairColumn: String?
    /// One column of labels, or several of 0 and 1.
    public var labelColumns: [String]
    /// The evaluation data to compare with; nil for none.
    public var evaluation: Dataset?
    /// The token counter; nil counts no tokens.
    public var tokenCounter: TokenCounter?
    /// The maximum length in tokens before a text is truncated; nil takes ``lengthLimit``.
    public var maxLength: Int?
    /// The maximum number of tokens that the model accepts; nil for no limit.
    public var lengthLimit: Int?
    /// The maximum number of examples per finding; default 3.
    public var exampleCount = 3
    /// The maximum length of an example's text in characters; default 60.
    public var exampleLength = 60

    /// Creates options.
    ///
    /// - Parameters:
    ///   - textColumn: The column of the texts.
    ///   - labelColumns: One column of labels, or several of 0 and 1.
    public init(textColumn: String? = nil, labelColumns: [String] = []) {
        self.textColumn = textColumn
        self.labelColumns = labelColumns
    }
}

/// The progress of a description.
public struct DescriptionProgress: Sendable, Equatable {
    /// A phase of the work.
    public enum Phase: Sendable { case readingTexts, countingTokens }

    /// The current phase.
    public var phase: Phase
    /// The number of rows done since the last report.
    public var rows: Int
}
