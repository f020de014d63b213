/// Texts that stand in several rows; empty ones are not among them.
public struct RepeatedTexts: Sendable, Equatable {
    /// Rows of one text.
    public struct Group: Sendable, Equatable {
        /// The rows, from 0, ascending.
        public var rows: [Int]
        /// The rows' different labels, in the order in which they come; none where labels are not known.
        public var labels: [String]
        /// The text's beginning.
        public var text = ""
    }

    /// Texts that stand in more than one row.
    public let texts: Int
    /// Rows whose text stands in an earlier row: what would go if each text were kept once.
    public let repeatedRows: Int
    /// The texts with the most rows, some of them.
    public internal(set) var examples: [Group]
    /// Texts that have different labels in different rows; a missing label is not one.
    public let conflictingTexts: Int
    /// The rows of these texts.
    public let conflictingRows: Int
    /// Those with the most rows, some of them.
    public internal(set) var conflictExamples: [Group]

    init(_ scan: TextScan, labels: RowLabels?, exampleCount: Int) throws(DatasetError) {
        let groups = try Self.groups(scan)
        var conflicts: [[Int32]] = []
        if let labels {
            conflicts = groups.filter { rows in
                var first: Int32 = -1
                for row in rows {
                    let code = labels.codes[Int(row)]
                    guard code >= 0 else { continue }
                    if first < 0 { first = code }
                    if code != first { return true }
                }
                return false
            }
        }
        func largest(_ groups: [[Int32]]) -> [Group] {
            groups.sorted { ($1.count, $0[0]) < ($0.count, $1[0]) }.prefix(exampleCount).map { rows in
                var names: [String] = []
                for row in rows {
                    guard let name = labels?.name(ofRow: Int(row)), !names.contains(name) else { continue }
                    names.append(name)
                }
                return Group(rows: rows.map(Int.init), labels: names)
            }
        }
        texts = groups.count
        repeatedRows = groups.reduce(0) { $0 + $1.count - 1 }
        examples = largest(groups)
        conflictingTexts = conflicts.count
        conflictingRows = conflicts.reduce(0) { $0 + $1.count }
        conflictExamples = largest(conflicts)
    }

    private struct Entry: Sendable {
        var hash: UInt64
        var row: Int32
    }

    /// The rows of every text that has more than one.
    private static func groups(_ scan: TextScan) throws(DatasetError) -> [[Int32]] {
        // Hashes fall evenly into buckets, which are sorted side by side.
        let bucketBits = scan.hashes.count > 1 << 14 ? 6 : 0
        var buckets = [[Entry]](repeating: [], count: 1 << bucketBits)
        for row in scan.hashes.indices where scan.hasText(row) {
            let hash = scan.hashes[row]
            // Shifted twice, as a shift by all 64 bits gives the number itself on some machines.
            buckets[Int((hash >> 1) >> (63 - UInt64(bucketBits)))].append(Entry(hash: hash, row: Int32(row)))
        }
        return try concurrentMap(buckets) { (bucket) throws(DatasetError) in
            let sorted = bucket.sorted { ($0.hash, $0.row) < ($1.hash, $1.row) }
            var groups: [[Int32]] = []
            var start = 0
            for index in sorted.indices.dropFirst() where sorted[index].hash != sorted[start].hash {
                if index - start > 1 { groups.append(sorted[start..<index].map(\.row)) }
                start = index
            }
            if sorted.count - start > 1 { groups.append(sorted[start...].map(\.row)) }
            return groups
        }
        .flatMap { $0 }
    }
}

/// Rows to measure on whose text stands among the rows to train on, too.
public struct SplitOverlap: Sendable, Equatable {
    /// A row of each.
    public struct Pair: Sendable, Equatable {
        /// The first row to train on that has the text, from 0.
        public var trainRow: Int
        /// The row to measure on, from 0.
        public var evaluationRow: Int
        /// Their labels, where they differ.
        public var labels: [String]
        /// The text's beginning.
        public var text = ""
    }

    /// All rows to measure on.
    public let evaluationRows: Int
    /// Those whose text stands among the rows to train on.
    public let sharedRows: Int
    /// Of these, the rows whose label is none that the text has there.
    public let conflictingRows: Int
    /// Some of the shared rows, conflicting ones first.
    public internal(set) var examples: [Pair]

    init(
        train: TextScan,
        trainLabels: RowLabels?,
        evaluation: TextScan,
        evaluationLabels: RowLabels?,
        exampleCount: Int
    ) {
        var wanted: Set<UInt64> = []
        for row in evaluation.hashes.indices where evaluation.hasText(row) {
            wanted.insert(evaluation.hashes[row])
        }
        var firstRows: [UInt64: Int] = [:]
        var labels: [UInt64: Set<String>] = [:]
        for row in train.hashes.indices where train.hasText(row) && wanted.contains(train.hashes[row]) {
            let hash = train.hashes[row]
            if firstRows[hash] == nil { firstRows[hash] = row }
            if let name = trainLabels?.name(ofRow: row) { labels[hash, default: []].insert(name) }
        }
        var shared = 0
        var conflicts: [Pair] = []
        var others: [Pair] = []
        var conflicting = 0
        for row in evaluation.hashes.indices where evaluation.hasText(row) {
            let hash = evaluation.hashes[row]
            guard let first = firstRows[hash] else { continue }
            shared += 1
            if let name = evaluationLabels?.name(ofRow: row), let known = labels[hash], !known.contains(name)
            {
                conflicting += 1
                if conflicts.count < exampleCount {
                    let names = [trainLabels?.name(ofRow: first) ?? known.sorted()[0], name]
                    conflicts.append(Pair(trainRow: first, evaluationRow: row, labels: names))
                }
            } else if others.count < exampleCount {
                others.append(Pair(trainRow: first, evaluationRow: row, labels: []))
            }
        }
        evaluationRows = evaluation.hashes.count
        sharedRows = shared
        conflictingRows = conflicting
        examples = Array((conflicts + others).prefix(exampleCount))
    }
}
