import Files

extension Dataset {
    /// Keeps the rows that satisfy a condition, in order.
    ///
    /// - Parameters:
    ///   - columns: The columns that the condition uses; nil reads all of them.
    ///   - isIncluded: Returns whether to keep a row.
    /// - Returns: A dataset of those rows.
    /// - Throws: `.missingColumn`, `.badFile`, and errors of `isIncluded`.
    public func filter(columns: [String]? = nil, _ isIncluded: (DatasetRow) throws -> Bool) throws -> Dataset
    {
        var kept: [Int] = []
        for row in try rows(columns: columns) where try isIncluded(row) { kept.append(row.index) }
        return select(kept)
    }

    /// Adds columns computed from each row.
    ///
    /// - Parameters:
    ///   - columns: The columns that `transform` uses; nil reads all of them.
    ///   - transform: Returns a row's new values by column, with the same columns for every row. Existing columns of these
    ///     names are replaced.
    /// - Returns: A dataset with those columns.
    /// - Throws: `.badData` if rows give different columns or types; `.missingColumn`, `.badFile`, and errors of
    ///   `transform`.
    ///
    /// Source: `Dataset.map` of datasets 5.2 (arrow_dataset.py).
    public func map(
        columns: [String]? = nil,
        _ transform: (DatasetRow) throws -> KeyValuePairs<String, CellValue>
    ) throws -> Dataset {
        var gathered = GatheredColumns()
        for row in try rows(columns: columns) {
            try gathered.append(transform(row).map { (name: $0.key, values: [$0.value]) })
        }
        return try adding(gathered)
    }

    /// Adds columns computed from batches of rows.
    ///
    /// - Parameters:
    ///   - size: The number of rows per batch.
    ///   - columns: The columns that `transform` uses; nil reads all of them.
    ///   - transform: Returns the new values by column, one for each row of the batch.
    /// - Returns: A dataset with those columns.
    /// - Throws: As ``map(columns:_:)``, and `.badData` if the number of values differs from the number of rows.
    public func mapBatches(
        of size: Int = 1000,
        columns: [String]? = nil,
        _ transform: (Dataset) throws -> KeyValuePairs<String, [CellValue]>
    ) throws -> Dataset {
        var gathered = GatheredColumns()
        try forEachBatch(of: size, columns: columns) { batch in
            let made = try transform(batch).map { (name: $0.key, values: $0.value) }
            for column in made where column.values.count != batch.count {
                throw DatasetError(
                    .badData,
                    "column \"\(column.name)\" was given \(counted(column.values.count, "value")) for \(counted(batch.count, "row"))"
                )
            }
            try gathered.append(made)
        }
        return try adding(gathered)
    }

    private func adding(_ gathered: consuming GatheredColumns) throws -> Dataset {
        var result = self
        for (name, column) in try gathered.finish(storage) { result = result.replacing(name, with: column) }
        return result
    }

    /// Concatenates the rows of several datasets.
    ///
    /// - Parameter datasets: Datasets with the same columns and features; the columns may be in any order.
    /// - Returns: All rows; the columns in the first dataset's order.
    /// - Throws: `.badData` naming the column that differs.
    ///
    /// Source: `concatenate_datasets` of datasets 5.2 (combine.py).
    public static func concatenate(_ datasets: [Dataset]) throws(DatasetError) -> Dataset {
        let datasets = try aligningParts(datasets)
        guard let first = datasets.first else { return Dataset(names: [], columns: []) }
        guard datasets.count > 1 else { return first }
        var joined: [(name: String, column: Column)] = []
        for (name, column) in first.namedColumns {
            var parts: [Column] = []
            for (number, dataset) in datasets.enumerated() {
                let part = dataset.columns[try dataset.index(of: name)]
                guard part.feature == column.feature else {
                    throw DatasetError(
                        .badData,
                        "column \"\(name)\" holds \(column.feature) in part 1 and \(part.feature) in part \(number + 1); "
                            + "cast one of them with castColumn"
                    )
                }
                parts.append(part)
            }
            // Class ids may be stored in 32 or 64 bits.
            guard parts.contains(where: { $0.type != column.type }) else {
                joined.append((name, Column(joining: parts)))
                continue
            }
            var loaded: [Column] = []
            for part in parts {
                let part = try part.loaded(nil, first.storage)
                loaded.append(Column(type: part.type, batches: [try part.batch(0..<part.count)]))
            }
            var wide = try Column(widening: loaded, name: name)
            wide.feature = column.feature
            joined.append((name, wide))
        }
        for (number, dataset) in datasets.enumerated() {
            if let extra = dataset.columnNames.first(where: { first.place(of: $0) == nil }) {
                throw DatasetError(
                    .badData,
                    "part \(number + 1) has a column \"\(extra)\" that part 1 lacks; remove it"
                )
            }
        }
        return Dataset(
            names: joined.map(\.name),
            columns: joined.map(\.column),
            nested: first.nestedColumns,
            warnings: datasets.flatMap(\.warnings),
            origins: RowOrigins(joining: datasets.map(\.origins)),
            storage: first.storage
        )
    }
}

extension Column {
    /// Concatenates columns of the same type.
    init(joining parts: [Column]) {
        let pieces = parts.flatMap(\.pieces)
        var selection: [Int]?
        if parts.contains(where: { $0.selection != nil }) {
            var rows: [Int] = []
            var start = 0
            for part in parts {
                let chosen = part.selection?.rows ?? Array(0..<part.storedCount)
                rows += chosen.map { $0 + start }
                start += part.storedCount
            }
            selection = rows
        }
        self.init(
            feature: parts[0].feature,
            type: parts[0].type,
            pieces: pieces,
            selection: selection.map(RowSelection.init)
        )
    }
}

/// Collects new columns: values by column, periodically moved into Arrow memory.
private struct GatheredColumns {
    private var names: [String] = []
    private var values: [[CellValue]] = []
    private var parts: [[Column]] = []
    private static let partRows = 1 << 15

    mutating func append(_ columns: [(name: String, values: [CellValue])]) throws(DatasetError) {
        if names.isEmpty {
            names = columns.map(\.name)
            values = names.map { _ in [] }
            parts = names.map { _ in [] }
        }
        guard names == columns.map(\.name) else {
            throw DatasetError(
                .badData,
                "rows give different columns: \(columns.map(\.name)), but earlier rows give \(names)"
            )
        }
        for (index, column) in columns.enumerated() { values[index] += column.values }
        if let rows = values.first?.count, rows >= Self.partRows { try flush() }
    }

    private mutating func flush() throws(DatasetError) {
        for (index, name) in names.enumerated() {
            parts[index].append(try Column(values[index], name: name))
            values[index].removeAll(keepingCapacity: true)
        }
    }

    consuming func finish(_ options: StorageOptions) throws(DatasetError) -> [(name: String, column: Column)]
    {
        var gathered = self
        try gathered.flush()
        var columns: [(name: String, column: Column)] = []
        for (name, parts) in zip(gathered.names, gathered.parts) {
            columns.append((name, try Column(widening: parts, name: name)))
        }
        return columns
    }
}

extension Column {
    /// Concatenates loaded columns, converted to a type that can hold all values.
    ///
    /// - Throws: `.badData` if there is no such type.
    init(widening parts: [Column], name: String) throws(DatasetError) {
        var type: ColumnType?
        for part in parts where part.tellsType {
            guard let known = type else {
                type = part.type
                continue
            }
            guard let common = known.holding(part.type, isFixed: false) else {
                throw DatasetError(
                    .badData,
                    "column \"\(name)\" holds \(Feature(part.type)), but earlier rows hold \(Feature(known)); "
                        + "give all its values one type"
                )
            }
            type = common
        }
        let hasLists = parts.contains { $0.type.isList && $0.hasRows }
        let chosen = type ?? ColumnType(.string, isList: hasLists)
        guard chosen.isList || !hasLists else {
            throw DatasetError(
                .badData,
                "column \"\(name)\" holds lists and \(Feature(chosen)); give all its values one type"
            )
        }
        var converted: [Column] = []
        for part in parts {
            if part.type == chosen {
                converted.append(part)
            } else {
                var builder = ColumnBuilder(type: chosen)
                var batches: [ArrowBatch] = []
                for piece in part.pieces.indices {
                    try part.read(piece: piece) { (batch) throws(DatasetError) in
                        for row in 0..<batch.count {
                            builder.append(batch.value(row))
                            if builder.isFull { batches.append(try builder.finish()) }
                        }
                    }
                }
                batches.append(try builder.finish())
                converted.append(Column(type: chosen, batches: batches))
            }
        }
        self.init(joining: converted)
    }

    /// Whether any row has a value.
    private var hasRows: Bool {
        hasBatch { batch in (0..<batch.count).contains { !batch.isMissing($0) } }
    }

    /// Whether any row has a value of the column's type; lists must contain an element.
    private var tellsType: Bool {
        guard type.isList else { return hasRows }
        return hasBatch { batch in
            (0..<batch.count).contains { row in
                !batch.isMissing(row) && batch.elements(of: row).contains { !batch.values.isMissing($0) }
            }
        }
    }

    private func hasBatch(_ matches: (ArrowBatch) -> Bool) -> Bool {
        pieces.contains {
            guard case .batch(let batch) = $0 else { return true }
            return matches(batch)
        }
    }
}
