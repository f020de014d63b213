import Files

/// The size of a part of a dataset.
public enum SplitSize: Sendable, Equatable {
    /// A fraction of the rows, between 0 and 1, rounded up.
    case fraction(Double)
    /// A number of rows.
    case count(Int)

    /// Returns the number of rows out of `total`.
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
    /// Splits the rows into two parts, with the same rows in the same order as datasets.
    ///
    /// - Parameters:
    ///   - testSize: The size of the test part.
    ///   - column: The column to stratify by; nil splits without stratification.
    ///   - seed: Any number.
    /// - Returns: Both parts.
    /// - Throws: `.badData` if a class has only one row, or a part has fewer rows than there are classes;
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

    /// Draws a random sample of the rows: the test part of a split with that size and seed.
    ///
    /// - Parameters:
    ///   - size: The size of the sample; a fraction of 1 takes all rows.
    ///   - column: The column to stratify by; nil draws without stratification.
    ///   - seed: Any number.
    /// - Returns: The sample, or all rows in their order.
    /// - Throws: As ``trainTestSplit(testSize:stratifyBy:seed:)``.
    public func sample(
        _ size: SplitSize,
        stratifyBy column: String? = nil,
        seed: UInt64
    ) throws(DatasetError) -> Dataset {
        if size == .fraction(1) { return self }
        return try trainTestSplit(testSize: size, stratifyBy: column, seed: seed).test
    }

    /// Returns the classes of a column in the order that the split uses: by id if the column has ids, otherwise by name.
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
        // Classes without rows do not count, and a negative id is not a class.
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
