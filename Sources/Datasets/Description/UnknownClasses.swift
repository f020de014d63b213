extension Dataset {
    /// Refuses a column of classes in which a row has an id that is no class's: such a file was written with fewer names
    /// than ids, and reading the row as unlabelled would hide that.
    ///
    /// -1 is no class for the reference either: its unlabelled test sets have it.
    ///
    /// - Parameter name: A column, of classes or not.
    /// - Throws: `.badData` naming the first such row and the id; `.missingColumn`, `.badFile`.
    package func requireKnownClasses(in name: String) throws(DatasetError) {
        if try feature(of: name) == .value(.float64) { return try requireFiniteNumbers(in: name) }
        guard let names = try feature(of: name).classLabel?.names else { return }
        let known = -1..<names.count
        var start = 0
        try stream(name) { (batch) throws(DatasetError) in
            for row in 0..<batch.count where !batch.isMissing(row) {
                for place in batch.elements(of: row) where !batch.values.isMissing(place) {
                    let id = batch.values.int(place, as: batch.type.value)
                    guard !known.contains(id) else { continue }
                    throw DatasetError(
                        .badData,
                        "row \(start + row + 1): column \"\(name)\" holds class id \(id), and its \(names.count) classes have "
                            + "the ids 0 to \(names.count - 1); mend the row, or write the file with all its classes' names"
                    )
                }
            }
            start += batch.count
        }
    }

    /// Refuses a column in which a number is infinite or NaN: it is neither a class nor a target.
    private func requireFiniteNumbers(in name: String) throws(DatasetError) {
        var start = 0
        try stream(name) { (batch) throws(DatasetError) in
            for row in 0..<batch.count where !batch.isMissing(row) {
                let number = batch.values.double(row)
                guard !number.isFinite else { continue }
                let shown = number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
                throw DatasetError(
                    .badData,
                    "row \(start + row + 1): column \"\(name)\" holds \(shown), and a label must be finite; "
                        + "fix or remove the row"
                )
            }
            start += batch.count
        }
    }
}
