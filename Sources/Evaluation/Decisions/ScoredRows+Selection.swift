extension ScoredRows {
    /// Returns some of the rows.
    ///
    /// - Parameter rows: The indices of the rows, each of which must exist.
    /// - Returns: The rows, in the order of `rows`.
    public func selecting(_ rows: [Int]) -> ScoredRows {
        let truth: Truth =
            switch truth {
            case .classes(let ids): .classes(rows.map { ids[$0] })
            case .labelSets(let sets): .labelSets(rows.map { sets[$0] })
            case .numbers(let numbers): .numbers(rows.map { numbers[$0] })
            }
        return ScoredRows(
            labels: labels,
            logits: rows.flatMap { logits(of: $0) },
            truth: truth,
            tokenCounts: rows.map { tokenCounts[$0] },
            isTruncated: rows.map { isTruncated[$0] },
            textHashes: rows.map { textHashes[$0] }
        )
    }
}
