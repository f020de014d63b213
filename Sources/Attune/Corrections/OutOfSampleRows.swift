package import Evaluation

/// The rows of a dataset with the probabilities of runs that held them out, such as the folds of a cross-validation.
///
/// A row is found by the hash of its text. If several runs evaluated it, its probabilities are their mean.
package struct OutOfSampleRows {
    /// The zero-based numbers of the dataset's rows that a run evaluated, ascending.
    package let rows: [Int]
    /// The probabilities of these rows, with the dataset's labels.
    package let probabilities: LabelProbabilities
    /// The label names by id, those of the first run.
    package let labels: [String]

    /// Joins the evaluated rows of runs.
    ///
    /// - Parameters:
    ///   - runs: At least one run with its name and its evaluated rows.
    ///   - textHashes: The hash of the text of each of the dataset's rows.
    ///   - truth: The label of each of the dataset's rows, as an id among the labels of the first run.
    /// - Throws: ``DecisionError`` if the runs have several labels per row, or other labels than the first one, or if the dataset
    ///   lacks a text that a run evaluated.
    package init(
        joining runs: [(name: String, rows: ScoredRows)],
        textHashes: [String],
        truth: [Int]
    ) throws(DecisionError) {
        guard let first = runs.first else { throw DecisionError("give at least one run") }
        let labels = first.rows.labels
        var places: [String: Int] = [:]
        for hash in textHashes where places[hash] == nil { places[hash] = places.count }
        // For each distinct text, the sum of its probabilities and the number of rows in it.
        var sums = [Double](repeating: 0, count: places.count * labels.count)
        var counts = [Int](repeating: 0, count: places.count)
        for run in runs {
            let ids = try Self.ids(of: run, among: labels, of: first.name)
            let probabilities = try LabelProbabilities(run.rows)
            for row in 0..<run.rows.count {
                guard let place = places[run.rows.textHashes[row]] else {
                    throw DecisionError(
                        "\(run.name): the text of evaluated row \(row + 1) is not in the dataset; give the dataset that contains "
                            + "the evaluated rows of all runs, and its column of texts"
                    )
                }
                counts[place] += 1
                for (id, value) in zip(ids, probabilities.row(row)) {
                    sums[place * labels.count + id] += value
                }
            }
        }
        let found = textHashes.map { places[$0] ?? 0 }
        let evaluated = found.indices.filter { counts[found[$0]] > 0 }
        let values = evaluated.flatMap { row -> [Double] in
            let place = found[row]
            return sums[place * labels.count..<(place + 1) * labels.count].map { $0 / Double(counts[place]) }
        }
        let classes = evaluated.map { truth[$0] }
        (rows, self.labels) = (evaluated, labels)
        probabilities = LabelProbabilities(values, width: labels.count, truth: .classes(classes))
    }

    /// For each label of a run, its id among the labels of the first one.
    private static func ids(
        of run: (name: String, rows: ScoredRows),
        among labels: [String],
        of first: String
    ) throws(DecisionError) -> [Int] {
        guard case .classes = run.rows.truth else {
            throw DecisionError(
                "\(run.name): suspects are found only among rows with exactly one label each"
            )
        }
        let own = Set(run.rows.labels)
        let differing = labels.first { !own.contains($0) } ?? run.rows.labels.first { !labels.contains($0) }
        if let differing {
            throw DecisionError(
                "\(first) and \(run.name) have different labels: only one of them knows \"\(differing)\"; train all runs with the "
                    + "same labels"
            )
        }
        return run.rows.labels.compactMap { labels.firstIndex(of: $0) }
    }
}
