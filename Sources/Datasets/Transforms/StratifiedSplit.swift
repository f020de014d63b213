import Files

/// A stratified split, which keeps the share of every class in both parts.
///
/// Source: datasets 5.2, utils/stratify.py, which is scikit-learn's `StratifiedShuffleSplit`.
package struct StratifiedSplit {
    private let rowsByClass: [[Int]]
    private let trainCount: Int
    private let testCount: Int

    /// Creates a split of classes with at least two rows each, without checking the sizes of the parts.
    init(rowsByClass: [[Int]], trainCount: Int, testCount: Int) {
        (self.rowsByClass, self.trainCount, self.testCount) = (rowsByClass, trainCount, testCount)
    }

    /// Groups rows by class and checks that both parts can contain every class.
    init(classes: ClassCodes, column: String, trainCount: Int, testCount: Int) throws(DatasetError) {
        var rowsByClass = [[Int]](repeating: [], count: classes.names.count)
        for (row, code) in classes.codes.enumerated() {
            guard code >= 0 else {
                throw DatasetError(
                    .badData,
                    "row \(row + 1) has no value in column \"\(column)\"; remove such rows before a stratified split"
                )
            }
            rowsByClass[Int(code)].append(row)
        }
        let lonely = zip(classes.names, rowsByClass).filter { $1.count < 2 }.map { "\"\($0.0)\"" }
        guard lonely.isEmpty else {
            let shown = lonely.prefix(8).joined(separator: ", ") + (lonely.count > 8 ? ", …" : "")
            throw DatasetError(
                .badData,
                "column \"\(column)\": \(lonely.count) \(lonely.count == 1 ? "class has" : "classes have") only one row "
                    + "(\(shown)), but a stratified split needs two; remove these rows, or split without --stratify-by"
            )
        }
        for (part, count) in [("train", trainCount), ("test", testCount)] where count < rowsByClass.count {
            throw DatasetError(
                .badData,
                "the \(part) part would have \(counted(count, "row")) for the \(counted(rowsByClass.count, "class", "classes")) of column \"\(column)\"; "
                    + "make it at least \(counted(rowsByClass.count, "row")), or split without --stratify-by"
            )
        }
        self.rowsByClass = rowsByClass
        self.trainCount = trainCount
        self.testCount = testCount
    }

    /// Draws both parts, with exactly the same draws from the random stream as datasets.
    func draw(_ random: inout PCG64) -> (train: [Int], test: [Int]) {
        let counts = rowsByClass.map(\.count)
        let trainCounts = Self.approximateMode(counts, draws: trainCount, &random)
        let testCounts = Self.approximateMode(
            zip(counts, trainCounts).map { $0 - $1 },
            draws: testCount,
            &random
        )
        var train: [Int] = []
        var test: [Int] = []
        for (id, rows) in rowsByClass.enumerated() {
            let order = random.permutation(rows.count).map { rows[$0] }
            train += order[..<trainCounts[id]]
            test += order[trainCounts[id]..<trainCounts[id] + testCounts[id]]
        }
        random.shuffle(&train)
        random.shuffle(&test)
        return (train, test)
    }

    /// Returns the class counts of the most likely draw of `draws` rows; ties are broken at random.
    package static func approximateMode(_ counts: [Int], draws: Int, _ random: inout PCG64) -> [Int] {
        let total = Double(counts.reduce(0, +))
        let continuous = counts.map { Double(draws * $0) / total }
        var floored = continuous.map { Int($0.rounded(.down)) }
        var missing = draws - floored.reduce(0, +)
        let remainders = zip(continuous, floored).map { $0 - Double($1) }
        for value in Set(remainders).sorted(by: >) where missing > 0 {
            let tied = remainders.indices.filter { remainders[$0] == value }
            let added = min(tied.count, missing)
            for index in random.choice(tied, count: added) { floored[index] += 1 }
            missing -= added
        }
        return floored
    }
}
