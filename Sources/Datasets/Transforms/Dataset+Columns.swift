import Files

extension Dataset {
    /// Keeps only some columns.
    ///
    /// - Parameter names: The columns to keep, in this order.
    /// - Returns: A dataset that shares the columns' memory.
    /// - Throws: `.missingColumn`.
    public func selectColumns(_ names: [String]) throws(DatasetError) -> Dataset {
        var chosen: [(name: String, column: Column)] = []
        for name in names { chosen.append((name, columns[try index(of: name)])) }
        return with(chosen)
    }

    /// Removes some columns.
    ///
    /// - Parameter names: The columns to remove.
    /// - Returns: A dataset that shares the other columns' memory.
    /// - Throws: `.missingColumn`.
    public func removeColumns(_ names: [String]) throws(DatasetError) -> Dataset {
        var gone: Set<Int> = []
        for name in names { gone.insert(try index(of: name)) }
        return with(namedColumns.enumerated().filter { !gone.contains($0.offset) }.map(\.element))
    }

    /// Renames a column.
    ///
    /// - Parameters:
    ///   - name: The current name of the column.
    ///   - newName: The new name.
    /// - Returns: A dataset that shares the columns' memory.
    /// - Throws: `.missingColumn`; `.badData` if another column has the new name.
    public func renameColumn(_ name: String, to newName: String) throws(DatasetError) -> Dataset {
        let index = try index(of: name)
        guard [nil, index].contains(place(of: newName)) else {
            throw DatasetError(
                .badData,
                "a column \"\(newName)\" already exists; remove it, or choose another name"
            )
        }
        var renamed = namedColumns
        renamed[index].name = newName
        return with(renamed)
    }

    /// Adds a column, or replaces the column of that name.
    ///
    /// - Parameters:
    ///   - name: The column's name.
    ///   - values: One value per row; all of one type, except for missing ones.
    ///   - feature: The kind of values in the column; nil infers it from the values.
    /// - Returns: A dataset with that column.
    /// - Throws: `.badData` if the number of values differs from the number of rows, or if their types differ.
    public func addColumn(
        _ name: String,
        _ values: [CellValue],
        feature: Feature? = nil
    ) throws(DatasetError) -> Dataset {
        guard values.count == count || columns.isEmpty else {
            throw DatasetError(
                .badData,
                "column \"\(name)\" has \(counted(values.count, "row")), but the dataset has \(count)"
            )
        }
        return replacing(name, with: try Column(values, feature: feature, name: name))
    }

    /// Adds a column, or replaces the column of that name.
    func replacing(_ name: String, with column: Column) -> Dataset {
        var all = namedColumns
        if let index = place(of: name) {
            all[index].column = column
        } else {
            all.append((name, column))
        }
        return with(all)
    }
}

extension Dataset {
    /// Converts numbers and Booleans to texts, as ``strings(_:)`` returns them.
    ///
    /// - Returns: The same rows; lists and classes stay as they are.
    /// - Throws: `.badFile` if memory runs out.
    package func withTexts() throws(DatasetError) -> Dataset {
        try changingColumns { (column) throws(DatasetError) in
            guard column.feature.classLabel == nil, !column.type.isList else { return column }
            return try column.loaded(nil, storage).asText()
        }
    }
}
