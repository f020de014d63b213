extension Column {
    /// A column of given values.
    ///
    /// - Parameters:
    ///   - values: A value a row.
    ///   - feature: What the column holds; nil tells it by the values.
    ///   - name: The column's name, for messages.
    /// - Throws: `.badData` where the values' types differ.
    init(_ values: [Value], feature: Feature? = nil, name: String) throws(DatasetError) {
        let wanted = feature?.columnType
        var type = wanted
        // A list of nothing tells that the column holds lists, and not of what.
        let hasLists = values.contains { $0.list != nil }
        for value in values {
            guard let found = value.type else { continue }
            if let known = type, let common = known.holding(found, isFixed: wanted != nil) {
                type = common
            } else if type == nil {
                type = found
            } else {
                throw DatasetError(
                    .badData,
                    "column \"\(name)\" holds \(Feature(found)) where it held \(Feature(type ?? found)) before; "
                        + "give all its values one type"
                )
            }
        }
        let chosen = type ?? ColumnType(.string, isList: hasLists)
        guard chosen.isList || !hasLists else {
            throw DatasetError(
                .badData,
                "column \"\(name)\" holds lists and \(Feature(chosen)); give all its values one type"
            )
        }
        var batches: [ArrowBatch] = []
        var builder = ColumnBuilder(type: chosen)
        for value in values {
            builder.append(value)
            if builder.isFull { batches.append(try builder.finish()) }
        }
        batches.append(try builder.finish())
        self.init(feature: feature ?? Feature(chosen), type: chosen, batches: batches)
    }

    /// The column as texts, of the same rows; it must be loaded.
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

    /// The rows of a range one after another in memory; the column must be loaded.
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
    /// The type that holds values of both types; nil where there is none.
    func holding(_ other: ColumnType, isFixed: Bool) -> ColumnType? {
        guard isList == other.isList else { return nil }
        if value == other.value { return self }
        switch (value, other.value) {
        case (.int32, .int64), (.float64, .int64): return self
        case (.int64, .float64): return isFixed ? nil : other
        default: return nil
        }
    }
}
