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
    /// Names that differ in case or spaces only, each group in the order of its names.
    public let similarNames: [[String]]
    /// Names that look the same and are not, each group in the order of its names: two spellings of an accent, a no-break
    /// space, a character without width.
    public let lookalikeNames: [[String]]
    /// Names that join other names: `cold, windy` beside `cold` and `windy`.
    public let joinedNames: [String]
    /// Negative ids among classes that are otherwise ids from 0: -1 or -100, which elsewhere mean "no label".
    public let negativeClasses: [String]
    /// Whether a row may have several classes, and every labelled row has exactly one.
    public let hasOneLabelEach: Bool
    /// Rows without a value among those to measure on; nil if there are none such.
    public let missingInEvaluation: Int?

    /// Whether the column seems to hold ids, texts or measurements: nearly every row has a label of its own.
    ///
    /// From ten rows on, nine of ten; or more than fifty labels that are more than half as many as the rows.
    public var isLikeIDs: Bool {
        let used = classes.count { $0.count > 0 }
        let rows = classes.reduce(0) { $0 + $1.count }
        guard !isMultiLabel else { return false }
        return used >= 10 && 10 * used >= 9 * rows || used > 50 && 2 * used > rows
    }

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
        missingInEvaluation = evaluation.map { $0.codes.count { $0 < 0 } }
        hasOneLabelEach = labels.isMultiLabel && labels.haveOneLabelEach
        let groups = NameGroups(classes.map(\.name))
        similarNames = groups.similar
        lookalikeNames = groups.lookalike
        joinedNames = labels.isMultiLabel ? [] : groups.joined
        negativeClasses = labels.isMultiLabel ? [] : Self.negative(classes.map(\.name))
    }

    /// Ids below 0 beside all ids from 0 to some other; -1, 0 and 1 alone are taken for what is liked and what is not.
    private static func negative(_ names: [String]) -> [String] {
        let ids = names.compactMap { Int($0) }
        let classes = Set(ids.filter { $0 >= 0 })
        let negative = ids.filter { $0 < 0 }
        guard ids.count == names.count, classes.count > 1, classes == Set(0..<classes.count),
            negative.allSatisfy([-1, -100].contains), negative != [-1] || classes.count > 2
        else { return [] }
        return negative.sorted(by: >).map(String.init)
    }
}
