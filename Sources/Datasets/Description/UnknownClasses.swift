import Files

extension Dataset {
    /// Rejects a class column in which a row has an id beyond the class names.
    ///
    /// Such a file was written with too few names, and treating the row as unlabelled would hide that.
    ///
    /// A negative id means "no label", as -1 does in datasets and -100 in the losses of transformers.
    ///
    /// - Parameter name: Any column; only class columns and columns of floating-point numbers are checked.
    /// - Throws: `.badData` naming the first such row and the id; `.missingColumn`, `.badFile`.
    package func requireKnownClasses(in name: String) throws(DatasetError) {
        if try feature(of: name) == .value(.float64) { return try requireFiniteNumbers(in: name) }
        guard let names = try feature(of: name).classLabel?.names else { return }
        var start = 0
        try stream(name) { (batch) throws(DatasetError) in
            for row in 0..<batch.count where !batch.isMissing(row) {
                for place in batch.elements(of: row) where !batch.values.isMissing(place) {
                    let id = batch.values.int(place, as: batch.type.value)
                    guard id >= names.count else { continue }
                    throw DatasetError(
                        .badData,
                        "\(location(ofRow: start + row)): column \"\(name)\" holds class id \(id), but its "
                            + "\(counted(names.count, "class has", "classes have")) the ids 0 to \(names.count - 1); fix the row, or write "
                            + "the file with the names of all its classes"
                    )
                }
            }
            start += batch.count
        }
    }

    /// Returns the negative ids in a class column, each of which means "no label".
    ///
    /// - Parameter name: Any column.
    /// - Returns: The distinct negative ids, descending; empty for a column without class names.
    /// - Throws: `.missingColumn`, `.badFile`.
    package func negativeClassIDs(in name: String) throws(DatasetError) -> [Int] {
        guard case .classLabel = try feature(of: name) else { return [] }
        var found: Set<Int> = []
        try stream(name) { batch in
            for row in 0..<batch.count where !batch.isMissing(row) {
                let id = batch.values.int(row, as: batch.type.value)
                if id < 0 { found.insert(id) }
            }
        }
        return found.sorted(by: >)
    }

    /// Rejects a column with NaN or infinite numbers, which are neither classes nor targets.
    private func requireFiniteNumbers(in name: String) throws(DatasetError) {
        var start = 0
        try stream(name) { (batch) throws(DatasetError) in
            for row in 0..<batch.count where !batch.isMissing(row) {
                let number = batch.values.double(row)
                guard !number.isFinite else { continue }
                let shown = number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
                throw DatasetError(
                    .badData,
                    "\(location(ofRow: start + row)): column \"\(name)\" holds \(shown), but a label must be finite; "
                        + "fix or remove the row"
                )
            }
            start += batch.count
        }
    }
}
