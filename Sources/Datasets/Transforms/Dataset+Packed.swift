import Files

extension Dataset {
    /// Adds a column of lists of numbers, given as concatenated values.
    ///
    /// - Parameters:
    ///   - name: The column's name; an existing column of that name is replaced.
    ///   - values: The elements of all lists, `[T]`.
    ///   - cuSeqlens: The start of each list, and the end of the last one, `[count + 1]`.
    /// - Returns: A dataset with that column.
    /// - Throws: `.badData` if the numbers are inconsistent.
    public func addColumn(_ name: String, values: [Int32], cuSeqlens: [Int32]) throws(DatasetError) -> Dataset
    {
        guard cuSeqlens.count == count + 1 || columns.isEmpty && !cuSeqlens.isEmpty,
            cuSeqlens[0] == 0, Int(cuSeqlens[cuSeqlens.count - 1]) == values.count,
            zip(cuSeqlens, cuSeqlens.dropFirst()).allSatisfy({ $0 <= $1 })
        else {
            throw DatasetError(
                .badData,
                "column \"\(name)\" has \(counted(cuSeqlens.count - 1, "list")) for \(counted(count, "row")) of the dataset, "
                    + "or cuSeqlens does not fit its \(counted(values.count, "number"))"
            )
        }
        let type = ColumnType(.int32, isList: true)
        let batch = try ArrowBatch(packed: values, listOffsets: cuSeqlens, type: type)
        return replacing(name, with: Column(type: type, batches: [batch]))
    }

    /// Returns a column of lists of integers as concatenated values.
    ///
    /// - Parameter name: The column.
    /// - Returns: The elements of all lists, `[T]`, and the start of each list and the end of the last one, `[count + 1]`; a
    ///   missing list counts as empty.
    /// - Throws: `.missingColumn`, `.badFile`; `.badData` if the column holds something else.
    public func packed(_ name: String) throws(DatasetError) -> (values: [Int32], cuSeqlens: [Int32]) {
        let column = try loaded(columns: [name]).columns[0]
        guard column.type.isList, column.type.value == .int32 || column.type.value == .int64 else {
            throw DatasetError(
                .badData,
                "column \"\(name)\" holds \(column.feature); lists of integers are needed"
            )
        }
        var values: [Int32] = []
        var cuSeqlens: [Int32] = [0]
        cuSeqlens.reserveCapacity(column.count + 1)
        var cursor = ColumnCursor(column)
        for row in 0..<column.count {
            if let (batch, place) = cursor.locate(row), !batch.isMissing(place) {
                let elements = batch.elements(of: place)
                if column.type.value == .int32 {
                    values.append(contentsOf: batch.values.int32s(elements))
                } else {
                    for element in elements {
                        values.append(Int32(clamping: batch.values.int(element, as: .int64)))
                    }
                }
            }
            cuSeqlens.append(Int32(truncatingIfNeeded: values.count))
        }
        return (values, cuSeqlens)
    }

    /// Combines several columns of zeros and ones (or Booleans) into one column of lists of classes.
    ///
    /// - Parameters:
    ///   - names: The columns; their names become the classes.
    ///   - newName: The new column's name.
    /// - Returns: A dataset with the new column in place of the old ones.
    /// - Throws: `.badData` naming the first row that holds neither 0 nor 1; `.missingColumn`, `.badFile`.
    public func combineLabelColumns(_ names: [String], into newName: String) throws(DatasetError) -> Dataset {
        let classes = classNames(of: names)
        let label = ClassLabel(values: classes)
        let ids = label.encode(classes).map { $0 ?? 0 }
        var lists = [[Int]](repeating: [], count: count)
        for (name, id) in zip(names, ids) {
            for (row, text) in try strings(name).enumerated() {
                switch text?.lowercased() {
                case "1", "true", "1.0": lists[row].append(id)
                case "0", "false", "0.0", nil: break
                case let other?:
                    throw DatasetError(
                        .badData,
                        "row \(row + 1): column \"\(name)\" holds \"\(other)\"; a label column must hold 0 or 1 in every row"
                    )
                }
            }
        }
        let values = lists.map { CellValue.list($0.sorted().map(CellValue.int)) }
        return try removeColumns(names).addColumn(newName, values, feature: .list(.classLabel(label)))
    }
}
