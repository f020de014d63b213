import Files

extension Column {
    /// Creates a column from values.
    ///
    /// - Parameters:
    ///   - values: One value per row.
    ///   - feature: The kind of values in the column; nil infers it from the values.
    ///   - name: The column's name, for messages.
    /// - Throws: `.badData` if the values have different types.
    init(_ values: [CellValue], feature: Feature? = nil, name: String) throws(DatasetError) {
        let wanted = feature?.columnType
        var type = wanted
        func differ(_ found: String) -> DatasetError {
            DatasetError(
                .badData,
                "column \"\(name)\" holds \(found), but earlier rows hold \(type.map { "\(Feature($0))" } ?? "lists"); "
                    + "give all its values one type"
            )
        }
        var hasLists = false
        for value in values where value != .missing {
            if value.isUntypedList {
                guard type?.isList ?? true else { throw differ("lists") }
                hasLists = true
                continue
            }
            guard let found = value.type else { throw differ("a list of values of different types") }
            guard !hasLists || found.isList else { throw differ("\(Feature(found))") }
            guard let known = type else {
                type = found
                continue
            }
            guard let common = known.holding(found, isFixed: wanted != nil) else {
                throw differ("\(Feature(found))")
            }
            type = common
        }
        let chosen = type ?? ColumnType(.string, isList: hasLists)
        try Self.checkRange(of: values, type: chosen, label: feature?.classLabel, name: name)
        var batches: [ArrowBatch] = []
        var builder = ColumnBuilder(type: chosen)
        for value in values {
            builder.append(value)
            if builder.isFull { batches.append(try builder.finish()) }
        }
        batches.append(try builder.finish())
        self.init(feature: feature ?? Feature(chosen), type: chosen, batches: batches)
    }

    /// Rejects integers that do not fit into 32 bits, and ids beyond the classes.
    ///
    /// A negative id means "no label".
    private static func checkRange(
        of values: [CellValue],
        type: ColumnType,
        label: ClassLabel?,
        name: String
    ) throws(DatasetError) {
        guard type.value == .int32 || label != nil else { return }
        let range = label.map { Int.min..<$0.names.count } ?? Int(Int32.min)..<Int(Int32.max) + 1
        for (row, value) in values.enumerated() {
            for element in value.list ?? [value] {
                guard let number = element.int, !range.contains(number) else { continue }
                let allowed =
                    label.map {
                        "but its \(counted($0.names.count, "class has", "classes have")) ids below \($0.names.count)"
                    }
                    ?? "which is outside \(range.lowerBound) to \(range.upperBound - 1)"
                throw DatasetError(
                    .badData,
                    "row \(row + 1): column \"\(name)\" holds \(number), \(allowed); fix the row, or choose another feature"
                )
            }
        }
    }

    /// Converts a loaded column to texts.
    func asText() throws(DatasetError) -> Column {
        guard type.value != .string else { return self }
        var batches: [ArrowBatch] = []
        for piece in pieces.indices {
            try read(piece: piece) { (batch) throws(DatasetError) in batches.append(try batch.asText()) }
        }
        return Column(
            type: ColumnType(.string, isList: type.isList),
            batches: batches,
            selection: selection
        )
    }

    /// Copies a range of rows of a loaded column into one batch.
    func batch(_ range: Range<Int>) throws(DatasetError) -> ArrowBatch {
        var builder = ColumnBuilder(type: type)
        var cursor = ColumnCursor(self)
        for row in range {
            guard let (batch, row) = cursor.locate(row) else { break }
            builder.append(batch, row: row)
        }
        return try builder.finish()
    }
}

extension ColumnType {
    /// Returns the type that can hold values of both types; nil if there is none.
    func holding(_ other: ColumnType, isFixed: Bool) -> ColumnType? {
        guard isList == other.isList else { return nil }
        if value == other.value { return self }
        switch (value, other.value) {
        case (.int64, .int32), (.float64, .int32), (.float64, .int64): return self
        // A fixed type accepts the values that fit; others have been rejected before.
        case (.int32, .int64): return isFixed ? self : other
        case (.int32, .float64), (.int64, .float64): return isFixed ? nil : other
        default: return nil
        }
    }
}
