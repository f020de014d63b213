/// How many rows every class has.
public struct LabelCounts: Sendable, Equatable {
    /// A class and its rows.
    public struct Count: Sendable, Equatable {
        /// The class's name.
        public var name: String
        /// Its rows.
        public var count: Int
        /// Its rows among those to measure on; nil where there are none such.
        public var evaluationCount: Int?
    }

    /// The classes, those with the most rows first.
    public let classes: [Count]
    /// Rows without a value in the label column.
    public let missing: Int
    /// The first of them, from 0.
    public let missingRows: [Int]
    /// Whether a row may have several classes.
    public let isMultiLabel: Bool
    /// Of several classes a row: the rows that have none.
    public let unlabelled: Int
    /// Names that differ in case, spaces or the encoding of accents only, each group in the order of its names.
    public let similarNames: [[String]]

    init(_ labels: RowLabels, evaluation: RowLabels?, exampleCount: Int) {
        let counts = labels.counts()
        var evaluationCounts: [[UInt8]: Int] = [:]
        if let evaluation {
            for (name, count) in zip(evaluation.names, evaluation.counts()) {
                evaluationCounts[Array(name.utf8)] = count
            }
        }
        var classes = zip(labels.names, counts).map { name, count in
            let key = Array(name.utf8)
            let held = evaluation.map { _ in evaluationCounts.removeValue(forKey: key) ?? 0 }
            return Count(name: name, count: count, evaluationCount: held)
        }
        for (name, count) in evaluationCounts where count > 0 {
            classes.append(
                Count(name: String(decoding: name, as: UTF8.self), count: 0, evaluationCount: count)
            )
        }
        self.classes = classes.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
        var missing = 0
        var missingRows: [Int] = []
        var unlabelled = 0
        let isEmpty = labels.sets.map(\.isEmpty)
        for (row, code) in labels.codes.enumerated() {
            if code < 0 {
                missing += 1
                if missingRows.count < exampleCount { missingRows.append(row) }
            } else if isEmpty[Int(code)] {
                unlabelled += 1
            }
        }
        self.missing = missing
        self.missingRows = missingRows
        self.unlabelled = unlabelled
        isMultiLabel = labels.isMultiLabel
        similarNames = Self.similar(classes.map(\.name))
    }

    /// Swift's own comparison takes two encodings of one accent for the same, which is what is wanted here.
    private static func similar(_ names: [String]) -> [[String]] {
        Dictionary(grouping: names) {
            $0.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
        }
        .values.filter { $0.count > 1 }
        .map { $0.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
        .sorted { $0[0].utf8.lexicographicallyPrecedes($1[0].utf8) }
    }
}
