/// Texts that occur in several rows, without empty texts.
public struct RepeatedTexts: Sendable, Equatable {
    /// The rows of one text.
    public struct Group: Sendable, Equatable {
        /// The zero-based indices of the rows, ascending.
        public var rows: [Int]
        /// The distinct labels of the rows, in order of appearance; empty if labels are unknown.
        public var labels: [String]
        /// The beginning of the text.
        public var text = ""
    }

    /// The number of texts that occur in more than one row.
    public let texts: Int
    /// The number of rows whose text occurs in an earlier row, which would be removed if each text were kept once.
    public let repeatedRows: Int
    /// Some of the texts with the most rows.
    public internal(set) var examples: [Group]
    /// The number of texts with different labels in different rows; missing labels are ignored.
    public let conflictingTexts: Int
    /// The number of rows with these texts.
    public let conflictingRows: Int
    /// Some of the conflicting texts with the most rows.
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

    /// Groups the rows of every text that occurs more than once.
    private static func groups(_ scan: TextScan) throws(DatasetError) -> [[Int32]] {
        // Hashes are distributed evenly over buckets, which are sorted concurrently.
        let bucketBits = scan.hashes.count > 1 << 14 ? 6 : 0
        var buckets = [[Entry]](repeating: [], count: 1 << bucketBits)
        for row in scan.hashes.indices where scan.hasText(row) {
            let hash = scan.hashes[row]
            // Shift twice, because a shift by all 64 bits returns the number unchanged on some machines.
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

/// Evaluation rows whose text also occurs in the training data.
public struct SplitOverlap: Sendable, Equatable {
    /// A training row and an evaluation row with the same text.
    public struct Pair: Sendable, Equatable {
        /// The zero-based index of the first training row with the text.
        public var trainRow: Int
        /// The zero-based index of the evaluation row.
        public var evaluationRow: Int
        /// Their labels, if they differ; otherwise empty.
        public var labels: [String]
        /// The beginning of the text.
        public var text = ""
    }

    /// The number of evaluation rows.
    public let evaluationRows: Int
    /// The number of evaluation rows whose text occurs in the training data.
    public let sharedRows: Int
    /// The number of shared rows whose label differs from every training label of the text.
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
