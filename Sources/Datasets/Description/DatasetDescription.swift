import Files

/// What a person should know of labelled texts before training on them.
///
/// Texts pass by and are not kept: a row costs some fifty bytes, so that a file larger than memory can be described.
/// Lengths are in characters that are Unicode scalars, as Python's `len` counts: what users of the reference compare with,
/// the same in every version of Unicode, and counted as fast as the text can be read. An emoji of several parts is several.
public struct DatasetDescription: Sendable, Equatable {
    /// A column and what it holds.
    public struct ColumnSummary: Sendable, Equatable {
        /// Its name.
        public var name: String
        /// What it holds.
        public var feature: Feature
    }

    /// Texts of a column, or pairs of two.
    public struct Texts: Sendable, Equatable {
        /// Rows without a text.
        public var missing: Int
        /// The first of them, from 0.
        public var missingRows: [Int]
        /// Rows whose text is empty or white space only.
        public var blank: Int
        /// The first of them, from 0.
        public var blankRows: [Int]
        /// Characters of the texts of all rows; of pairs, of both texts together.
        public var characters: TextLengths
        /// Tokens of the same, with the special ones; nil where nothing counts them.
        public var tokens: TextLengths?
        /// What the longest length cuts; nil where none is given, or nothing counts tokens.
        public var truncation: Truncation?
        /// Texts that stand in several rows.
        public var repeated: RepeatedTexts
        /// Texts that stand among the rows to measure on, too; nil where there are none such.
        public var overlap: SplitOverlap?
    }

    /// Rows.
    public let rows: Int
    /// Rows to measure on; nil where there are none to compare with.
    public let evaluationRows: Int?
    /// The columns that can be read, in the file's order.
    public let columns: [ColumnSummary]
    /// Nested columns, which are read by their parts.
    public let nestedColumns: [NestedColumn]
    /// Nested columns of which nothing can be read.
    public let leftOutColumns: [String]
    /// What was odd in reading.
    public let warnings: [String]
    /// The classes; nil where no label column was named.
    public let labels: LabelCounts?
    /// Labels that are lists written as text; nil if there are none.
    package let spelledLabels: SpelledLabels?
    /// The texts; nil where no text column was named.
    public let texts: Texts?
    /// Rows that hold the columns' names, from 0.
    public let repeatedHeaderRows: [Int]
    /// The label columns that the rows to measure on do not have.
    public let missingEvaluationLabelColumns: [String]
    /// The text columns that the rows to measure on do not have.
    public let missingEvaluationTextColumns: [String]

    /// Looks at every row.
    ///
    /// - Parameters:
    ///   - dataset: The rows.
    ///   - options: What to look at.
    ///   - progress: Told how far it is, from any thread.
    /// - Throws: `.missingColumn`, `.badFile`; `.badData` where a column holds what cannot be texts or labels; what the
    ///   token counter throws.
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
        // Rows to measure on may come without labels, as those of competitions do.
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

/// What a description looks at.
public struct DescriptionOptions: Sendable {
    /// Counts tokens, for a description that knows no tokenizer.
    public struct TokenCounter: Sendable {
        /// The tokens of texts, without special ones.
        public var counts: @Sendable ([String]) throws -> [Int]
        /// The special tokens that one text gets; where there are pairs, that a pair gets.
        public var specialCount: Int

        /// A counter.
        ///
        /// - Parameters:
        ///   - specialCount: The special tokens of a text, or of a pair.
        ///   - counts: The tokens of texts, without special ones.
        public init(specialCount: Int, counts: @escaping @Sendable ([String]) throws -> [Int]) {
            self.specialCount = specialCount
            self.counts = counts
        }
    }

    /// The column of the texts; nil looks at no texts.
    public var textColumn: String?
    /// The column of the second texts, where rows are pairs.
    public var textPairColumn: String?
    /// One column of labels, or several of 0 and 1.
    public var labelColumns: [String]
    /// Rows to measure on, to be compared.
    public var evaluation: Dataset?
    /// Counts tokens.
    public var tokenCounter: TokenCounter?
    /// The longest length in tokens that a text may have without being cut; nil takes ``lengthLimit``.
    public var maxLength: Int?
    /// Tokens that the model takes at the most; nil if nothing limits it.
    public var lengthLimit: Int?
    /// Examples of everything that is found; default 3.
    public var exampleCount = 3
    /// Characters of an example's text; default 60.
    public var exampleLength = 60

    /// Options.
    ///
    /// - Parameters:
    ///   - textColumn: The column of the texts.
    ///   - labelColumns: One column of labels, or several of 0 and 1.
    public init(textColumn: String? = nil, labelColumns: [String] = []) {
        self.textColumn = textColumn
        self.labelColumns = labelColumns
    }
}

/// How far a description is.
public struct DescriptionProgress: Sendable, Equatable {
    /// What is being done.
    public enum Phase: Sendable { case readingTexts, countingTokens }

    /// What is being done.
    public var phase: Phase
    /// Rows done since the last report.
    public var rows: Int
}
