import Files

/// A stratified hold-out, and the classes that are too small to be in it.
package struct HoldOut: Sendable {
    /// The rows to train on.
    package let train: Dataset
    /// The rows held out.
    package let test: Dataset
    /// The classes with one row, which is used for training.
    package let singleRowClasses: [String]
    /// Other classes without a row in the hold-out, because the hold-out is too small.
    package let absentClasses: [String]
}

extension Dataset {
    /// Splits the rows, stratified by a column, however few rows a value has.
    ///
    /// The result equals ``trainTestSplit(testSize:stratifyBy:seed:)`` whenever that succeeds. Otherwise, a class with one
    /// row is used for training, and a hold-out with fewer rows than classes contains the most likely classes.
    ///
    /// - Parameters:
    ///   - size: The size of the hold-out.
    ///   - column: A column with one class per row: a class, text, number or boolean, or a list of exactly one.
    ///   - seed: Any number.
    /// - Returns: Both parts, and the classes missing from the hold-out.
    /// - Throws: `.missingColumn`; `.badData` naming the row if it has no value or several, or if no class has enough rows.
    package func holdOut(
        _ size: SplitSize,
        keepingSharesOf column: String,
        seed: UInt64
    ) throws(DatasetError) -> HoldOut {
        let testCount = try size.rows(of: count)
        let labels = try RowLabels(self, columns: [column])
        var rowsByClass = [[Int]](repeating: [], count: labels.names.count)
        for (row, code) in labels.codes.enumerated() {
            let classes = code < 0 ? [] : labels.sets[Int(code)]
            guard classes.count == 1 else {
                throw DatasetError(
                    .badData,
                    "\(location(ofRow: row)) has \(code < 0 ? "no value" : "\(counted(classes.count, "value"))") in column "
                        + "\"\(column)\", but a stratified hold-out needs exactly one per row; remove such rows first, or "
                        + "use --stratify-by none"
                )
            }
            rowsByClass[Int(classes[0])].append(row)
        }
        let single = rowsByClass.indices.filter { rowsByClass[$0].count == 1 }
        let divided = rowsByClass.indices.filter { rowsByClass[$0].count > 1 }
        let rest = count - single.count
        guard testCount < rest else {
            throw DatasetError(
                .badData,
                "\(single.count) of the \(counted(count, "row")) \(single.count == 1 ? "is the only one with its" : "are the only ones with their") value in "
                    + "column \"\(column)\", so a stratified hold-out of \(counted(testCount, "row")) is impossible; "
                    + "hold out fewer, or use --stratify-by none"
            )
        }
        var random = PCG64(seed: seed)
        let split = StratifiedSplit(
            rowsByClass: divided.map { rowsByClass[$0] },
            trainCount: rest - testCount,
            testCount: testCount
        )
        var (train, test) = split.draw(&random)
        if !single.isEmpty {
            train += single.flatMap { rowsByClass[$0] }
            random.shuffle(&train)
        }
        let held = Set(test)
        return HoldOut(
            train: select(train),
            test: select(test),
            singleRowClasses: single.map { labels.names[$0] },
            absentClasses: divided.filter { rowsByClass[$0].allSatisfy { !held.contains($0) } }
                .map { labels.names[$0] }
        )
    }
}
