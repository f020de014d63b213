/// One member of score objects: the rows in which it is 1, and the rows in which it is missing.
struct ScoreColumn {
    /// A value that is not a label.
    struct Refusal {
        var row: Int
        var value: String
    }

    /// Rows in which it is 1.
    private(set) var rows: [Int] = []
    /// Rows in which it is missing.
    private(set) var missing: [Int] = []
    /// The first value other than 0 and 1; nil if all are valid.
    private(set) var refusal: Refusal?

    /// Reads all rows of a column of numbers or Booleans, or up to the first value that is not a label.
    ///
    /// - Throws: `.badFile`.
    init(_ column: Column) throws(DatasetError) {
        let done = DatasetError(.badData, "")
        var start = 0
        do throws(DatasetError) {
            for piece in column.pieces.indices {
                try column.read(piece: piece) { (batch) throws(DatasetError) in
                    for row in 0..<batch.count {
                        let value = batch.value(row)
                        switch (value, value.score) {
                        case (.missing, _): missing.append(start + row)
                        case (_, true): rows.append(start + row)
                        case (_, false): break
                        case (_, nil):
                            refusal = Refusal(row: start + row, value: value.number)
                            throw done
                        }
                    }
                    start += batch.count
                }
            }
        } catch {
            if error != done { throw error }
        }
    }

    /// The labels of all rows, combined from several scores.
    struct Labels {
        /// The labels by row; nil if a score is missing.
        var sets: [[Int32]?]
        var names: [String]
        /// Rows in which some but not all scores are missing.
        var incomplete: [Int]

        /// Returns the labels as a column of lists of classes.
        ///
        /// - Throws: `.badFile` if memory runs out.
        func column(_ storage: StorageOptions) throws(DatasetError) -> Column {
            let type = ColumnType(.int64, isList: true)
            var builder = ColumnBuilder(type: type)
            var store = BatchStore(names: ["column"], types: [type], options: storage)
            for set in sets {
                builder.append(set.map { .list($0.map { .int(Int($0)) }) } ?? .missing)
                if builder.isFull { try store.append([builder.finish()]) }
            }
            try store.append([builder.finish()])
            var column = try store.finish()[0]
            column.feature = .list(.classLabel(ClassLabel(names: names)))
            return column
        }
    }

    /// Combines scores into labels.
    ///
    /// - Parameters:
    ///   - scores: One score column per label.
    ///   - names: The label names.
    ///   - count: The number of rows.
    /// - Returns: The labels of all rows.
    static func labels(_ scores: [ScoreColumn], names: [String], count: Int) -> Labels {
        var sets = [[Int32]?](repeating: [], count: count)
        var missing = [Int32](repeating: 0, count: count)
        for (id, score) in scores.enumerated() {
            for row in score.rows { sets[row]?.append(Int32(id)) }
            for row in score.missing { missing[row] += 1 }
        }
        var incomplete: [Int] = []
        for row in missing.indices where missing[row] > 0 {
            sets[row] = nil
            if missing[row] < scores.count { incomplete.append(row) }
        }
        return Labels(sets: sets, names: names, incomplete: incomplete)
    }
}

extension CellValue {
    /// A number as text, for messages.
    fileprivate var number: String {
        switch self {
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        default: "another value"
        }
    }
}
