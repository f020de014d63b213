extension Dataset {
    /// Converts label vectors into lists of labels: `[0, 1, 0]` is the label `1` out of `0`, `1` and `2`.
    ///
    /// Lists are label vectors if all have the same length of at least 2, hold only 0 and 1 (or Booleans), and cannot be
    /// lists of ids because some repeat a value. Other columns are not changed.
    ///
    /// - Parameter names: The label columns.
    /// - Returns: A dataset with the converted columns, and a warning for each that says how it was read.
    /// - Throws: `.missingColumn`, `.badFile`.
    public func readingLabelVectors(in names: [String]) throws(DatasetError) -> Dataset {
        var result = self
        for name in names {
            guard case .list(.value(let type)) = try feature(of: name), type != .string else { continue }
            let loaded = try self.loaded(columns: [name])
            guard let length = try loaded.labelVectorLength(name) else { continue }
            let labels = (0..<length).map(String.init)
            var sets: [CellValue] = []
            try loaded.stream(name) { batch in
                for row in 0..<batch.count { sets.append(Self.places(of: batch.value(row))) }
            }
            let feature = Feature.list(.classLabel(ClassLabel(names: labels)))
            result = try result.addColumn(name, sets, feature: feature).warning(
                "column \"\(name)\" holds lists of \(length) zeros and ones, read as the labels 0 to \(length - 1) by position"
            )
        }
        return result
    }

    private static func places(of vector: CellValue) -> CellValue {
        guard let values = vector.list else { return .missing }
        return .list(values.indices.filter { values[$0].score == true }.map(CellValue.int))
    }

    /// The length of all vectors; nil if the lists are not label vectors.
    private func labelVectorLength(_ name: String) throws(DatasetError) -> Int? {
        let done = DatasetError(.badData, "")
        var length: Int?
        var repeats = false
        do throws(DatasetError) {
            try stream(name) { (batch) throws(DatasetError) in
                for row in 0..<batch.count {
                    guard let values = batch.value(row).list else { continue }
                    guard values.count > 1, values.count == length ?? values.count,
                        values.allSatisfy({ $0.score != nil })
                    else { throw done }
                    length = values.count
                    repeats = repeats || values.count > 2 || values[0].score == values[1].score
                }
            }
        } catch {
            if error == done { return nil }
            throw error
        }
        return repeats ? length : nil
    }
}
