/// The number of rows of every class.
public struct LabelCounts: Sendable, Equatable {
    /// A class and its number of rows.
    public struct Count: Sendable, Equatable {
        /// The class's name.
        public var name: String
        /// The number of its rows.
        public var count: Int
        /// The number of its evaluation rows; nil without evaluation labels.
        public var evaluationCount: Int?
    }

    /// The classes, largest first.
    public let classes: [Count]
    /// The number of rows without a value in the label column.
    public let missing: Int
    /// The zero-based indices of the first of them.
    public let missingRows: [Int]
    /// Whether a row may have several classes.
    public let isMultiLabel: Bool
    /// For multi-label data, the number of rows with an empty set of labels.
    public let unlabelled: Int
    /// Groups of names that differ only in case or spaces, each sorted.
    public let similarNames: [[String]]
    /// Groups of names that look the same but differ, each sorted: two encodings of an accent, a no-break space, a zero-width
    /// character.
    public let lookalikeNames: [[String]]
    /// Names that combine other names: `cold, windy` in addition to `cold` and `windy`.
    public let joinedNames: [String]
    /// Negative ids among class ids from 0: -1 or -100, which often mean "no label".
    public let negativeClasses: [String]
    /// Whether a row may have several classes but every labelled row has exactly one.
    public let hasOneLabelEach: Bool
    /// The number of evaluation rows without a label; nil without evaluation labels.
    public let missingInEvaluation: Int?

    /// Whether the column seems to hold ids, texts or measurements, because most labels occur in only one row.
    ///
    /// True for at least ten labels that number at least 90 % of the rows, or more than fifty that number more than half.
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

    /// The ids -1 and -100 next to a complete range of ids from 0.
    ///
    /// The values -1, 0 and 1 alone count as ratings.
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
