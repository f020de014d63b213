import Files

/// How large a part is.
public enum SplitSize: Sendable, Equatable {
    /// A share of the rows, between 0 and 1, rounded up.
    case fraction(Double)
    /// So many rows.
    case count(Int)

    /// The number of rows of `total` that this is.
    func rows(of total: Int) throws(DatasetError) -> Int {
        switch self {
        case .fraction(let fraction):
            guard fraction > 0, fraction < 1 else {
                throw DatasetError(
                    .badData,
                    "a fraction of \(fraction) of the rows; it must be between 0 and 1"
                )
            }
            return Int((fraction * Double(total)).rounded(.up))
        case .count(let count):
            guard count > 0, count < total else {
                throw DatasetError(
                    .badData,
                    "a part of \(counted(count, "row")) of \(total); it must take and leave at least one row"
                )
            }
            return count
        }
    }
}

extension Dataset {
    /// Divides the rows into two parts, the reference's rows in the reference's order.
    ///
    /// - Parameters:
    ///   - testSize: How large the test part is.
    ///   - column: A column whose values keep their shares in both parts; nil divides blindly.
    ///   - seed: Any number.
    /// - Returns: Both parts.
    /// - Throws: `.badData` where a class has one row only or a part is smaller than the number of classes;
    ///   `.missingColumn`.
    ///
    /// Source: `Dataset.train_test_split` of datasets 5.2 (arrow_dataset.py, utils/stratify.py).
    public func trainTestSplit(
        testSize: SplitSize,
        stratifyBy column: String? = nil,
        seed: UInt64
    ) throws(DatasetError) -> (train: Dataset, test: Dataset) {
        let testCount = try testSize.rows(of: count)
        guard testCount < count else {
            throw DatasetError(
                .badData,
                "a test part of \(counted(testCount, "row")) leaves none of the \(count) to train on"
            )
        }
        var random = PCG64(seed: seed)
        guard let column else {
            let order = random.permutation(count)
            return (select(Array(order[testCount...])), select(Array(order[..<testCount])))
        }
        let classes = try stratification(column)
        if let row = classes.codes.firstIndex(where: { $0 < 0 }) {
            throw try missingLabels(
                classes.codes.count { $0 < 0 },
                first: row,
                in: [column],
                remedy: "leave them out before a stratified split (--missing-labels drop)"
            )
        }
        let split = try StratifiedSplit(
            classes: classes,
            column: column,
            trainCount: count - testCount,
            testCount: testCount
        )
        let rows = split.draw(&random)
        return (select(rows.train), select(rows.test))
    }

    /// A random part of the rows: the test part of a split of that size and seed.
    ///
    /// - Parameters:
    ///   - size: How large it is; a share of 1 is everything.
    ///   - column: A column whose values keep their shares; nil draws blindly.
    ///   - seed: Any number.
    /// - Returns: That part, or all rows in their order.
    /// - Throws: As ``trainTestSplit(testSize:stratifyBy:seed:)``.
    public func sample(
        _ size: SplitSize,
        stratifyBy column: String? = nil,
        seed: UInt64
    ) throws(DatasetError) -> Dataset {
        if size == .fraction(1) { return self }
        return try trainTestSplit(testSize: size, stratifyBy: column, seed: seed).test
    }

    /// The classes of a column in the order in which the split takes them: ids where it has them, names otherwise.
    private func stratification(_ name: String) throws(DatasetError) -> ClassCodes {
        let column = columns[try index(of: name)]
        guard !column.type.isList else {
            throw DatasetError(
                .badData,
                "column \"\(name)\" holds lists; a stratified split needs a column with one class per row"
            )
        }
        guard let label = column.feature.classLabel else { return try column.classes() }
        let loaded = try loaded(columns: [name]).columns[0]
        var cursor = ColumnCursor(loaded)
        let codes = (0..<loaded.count).map { row -> Int32 in
            guard let (batch, row) = cursor.locate(row), !batch.isMissing(row) else { return -1 }
            return Int32(clamping: batch.values.int(row, as: loaded.type.value))
        }
        // Classes without rows do not count, and a negative id is no class.
        let present = Set(codes).filter { $0 >= 0 }.sorted()
        let rank = Dictionary(uniqueKeysWithValues: present.enumerated().map { ($1, Int32($0)) })
        return ClassCodes(
            names: present.map { id in
                label.names.indices.contains(Int(id)) ? label.names[Int(id)] : "\(id)"
            },
            codes: codes.map { rank[$0] ?? -1 }
        )
    }
}
