import Files

extension Dataset {
    /// The same rows with some columns only.
    ///
    /// - Parameter names: The columns to keep, in this order.
    /// - Returns: A dataset that shares the columns' memory.
    /// - Throws: `.missingColumn`.
    public func selectColumns(_ names: [String]) throws(DatasetError) -> Dataset {
        var chosen: [(name: String, column: Column)] = []
        for name in names { chosen.append((name, columns[try index(of: name)])) }
        return with(chosen)
    }

    /// The same rows without some columns.
    ///
    /// - Parameter names: The columns to leave out.
    /// - Returns: A dataset that shares the other columns' memory.
    /// - Throws: `.missingColumn`.
    public func removeColumns(_ names: [String]) throws(DatasetError) -> Dataset {
        var gone: Set<Int> = []
        for name in names { gone.insert(try index(of: name)) }
        return with(namedColumns.enumerated().filter { !gone.contains($0.offset) }.map(\.element))
    }

    /// The same rows, one column under another name.
    ///
    /// - Parameters:
    ///   - name: The column's name now.
    ///   - newName: Its name then.
    /// - Returns: A dataset that shares the columns' memory.
    /// - Throws: `.missingColumn`; `.badData` where another column has that name.
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

    /// The same rows and one more column, or another in place of one of that name.
    ///
    /// - Parameters:
    ///   - name: The column's name.
    ///   - values: A value a row; all of one type but for missing ones.
    ///   - feature: What the column holds; nil tells it by the values.
    /// - Returns: A dataset with that column.
    /// - Throws: `.badData` where the number of values is another than that of the rows, or their types differ.
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

    /// This dataset with one more column, or another in place of one of that name.
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
