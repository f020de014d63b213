extension Dataset {
    /// Encodes a column's values as class ids.
    ///
    /// The class names are the values' texts in code-point order.
    ///
    /// The ids follow from the names, so users never assign them.
    ///
    /// - Parameter name: A column of texts, numbers or booleans, or of lists of these (several labels per row).
    /// - Returns: A dataset whose column is a ``Feature/classLabel(_:)``; missing values stay missing.
    /// - Throws: `.missingColumn`, `.badFile`.
    ///
    /// Source: `Dataset.class_encode_column` of datasets 5.2 (arrow_dataset.py).
    public func classEncodeColumn(_ name: String) throws(DatasetError) -> Dataset {
        let column = columns[try index(of: name)]
        if column.feature.classLabel != nil { return self }
        guard !column.type.isList else { return try encodingLists(name, column) }
        let classes = try column.classes()
        var builder = ColumnBuilder(type: ColumnType(.int64))
        var batches: [ArrowBatch] = []
        for code in classes.codes {
            if code < 0 { builder.appendMissing() } else { builder.append(number: Int64(code)) }
            if builder.isFull { batches.append(try builder.finish()) }
        }
        batches.append(try builder.finish())
        let feature = Feature.classLabel(ClassLabel(names: classes.names))
        return replacing(name, with: Column(feature: feature, type: ColumnType(.int64), batches: batches))
    }

    private func encodingLists(_ name: String, _ column: Column) throws(DatasetError) -> Dataset {
        let loaded = try self.loaded(columns: [name]).columns[0]
        let classes = try loaded.classes()
        var next = 0
        var values: [CellValue] = []
        var cursor = ColumnCursor(loaded)
        for row in 0..<loaded.count {
            guard let (batch, row) = cursor.locate(row), !batch.isMissing(row) else {
                values.append(.missing)
                continue
            }
            let count = batch.elements(of: row).count
            values.append(.list(classes.codes[next..<next + count].map { $0 < 0 ? .missing : .int(Int($0)) }))
            next += count
        }
        let label = ClassLabel(names: classes.names)
        let encoded = try Column(values, feature: .list(.classLabel(label)), name: name)
        return replacing(name, with: encoded)
    }

    /// Converts a column's values to another type.
    ///
    /// Texts are parsed as numbers, class names become ids, and ids become names. A negative id means "no label": it is kept
    /// in a column of classes and becomes missing in any other column.
    ///
    /// - Parameters:
    ///   - name: The column.
    ///   - feature: The new feature of the column.
    /// - Returns: A dataset with the column converted.
    /// - Throws: `.badData` naming the first row whose value cannot be converted; `.missingColumn`, `.badFile`.
    ///
    /// Source: `Dataset.cast_column` of datasets 5.2 (arrow_dataset.py).
    public func castColumn(_ name: String, to feature: Feature) throws(DatasetError) -> Dataset {
        let loaded = try self.loaded(columns: [name])
        let old = loaded.columns[0].feature
        if old == feature { return self }
        guard let type = feature.columnType else {
            throw DatasetError(
                .badData,
                "column \"\(name)\" cannot become \(feature): lists of lists are not supported"
            )
        }
        let texts = try loaded.columns[0].asText()
        var converted: [CellValue] = []
        var cursor = ColumnCursor(loaded.columns[0])
        var textCursor = ColumnCursor(texts)
        for row in 0..<loaded.count {
            guard let (batch, place) = cursor.locate(row), !batch.isMissing(place),
                let (textBatch, textPlace) = textCursor.locate(row)
            else {
                converted.append(.missing)
                continue
            }
            let value = batch.value(place)
            let text = textBatch.value(textPlace)
            if Self.isUnlabelled(value, in: old), feature.classLabel == nil {
                converted.append(.missing)
                continue
            }
            guard let cast = cast(value, text, from: old, to: feature, type) else {
                let shown = text.string.map { "\"\($0)\"" } ?? "a list"
                throw DatasetError(
                    .badData,
                    "row \(row + 1): column \"\(name)\" holds \(shown), which cannot become \(feature); "
                        + "fix the row, or filter out such rows first"
                )
            }
            converted.append(cast)
        }
        return replacing(name, with: try Column(converted, feature: feature, name: name))
    }

    /// Whether a value of a class column is a negative id.
    private static func isUnlabelled(_ value: CellValue, in feature: Feature) -> Bool {
        guard case .classLabel = feature, let id = value.int else { return false }
        return id < 0
    }

    /// Converts one value to another feature; nil if that is not possible.
    private func cast(
        _ value: CellValue,
        _ text: CellValue,
        from old: Feature,
        to feature: Feature,
        _ type: ColumnType
    ) -> CellValue? {
        if case .list(let element) = feature {
            guard let values = value.list, let texts = text.list, case .list(let oldElement) = old else {
                return nil
            }
            var cast: [CellValue] = []
            for (value, text) in zip(values, texts) {
                guard let one = self.cast(value, text, from: oldElement, to: element, type) else {
                    return nil
                }
                cast.append(one)
            }
            return .list(cast)
        }
        if feature.classLabel != nil, Self.isUnlabelled(value, in: old) { return value }
        var text = text.string ?? ""
        if let names = old.classLabel?.names, let id = value.int {
            guard names.indices.contains(id) else { return nil }
            text = names[id]
        }
        if let label = feature.classLabel {
            // Integers that are valid ids stay ids; everything else is a name.
            if old.classLabel == nil, let id = value.int, label.names.indices.contains(id) { return .int(id) }
            // As in datasets, a text that is not a name is parsed as an id.
            return (label.id(for: text) ?? Int(text).flatMap { $0 < label.names.count ? $0 : nil }).map(
                CellValue.int
            )
        }
        switch type.value {
        case .string: return .string(text)
        case .float64: return (Double(text) ?? value.bool.map { $0 ? 1 : 0 }).map(CellValue.double)
        case .int32, .int64:
            // A number without a fraction is an integer.
            let whole =
                Int(text) ?? value.bool.map { $0 ? 1 : 0 } ?? value.double.flatMap { Int(exactly: $0) }
            guard let whole, type.value == .int64 || Int32(exactly: whole) != nil else { return nil }
            return .int(whole)
        case .bool:
            switch text.lowercased() {
            case "true", "1": return .bool(true)
            case "false", "0": return .bool(false)
            default: return nil
            }
        }
    }

    /// Returns the distinct values of a column in order of first appearance.
    ///
    /// - Parameter name: The column.
    /// - Returns: Each value once; `.missing` if a row has no value.
    /// - Throws: `.missingColumn`, `.badFile`.
    ///
    /// Source: `Dataset.unique` of datasets 5.2 (arrow_dataset.py).
    public func unique(_ name: String) throws(DatasetError) -> [CellValue] {
        let column = columns[try index(of: name)]
        guard !column.type.isList, column.feature.classLabel == nil else {
            var seen: [CellValue] = []
            for row in try rows(columns: [name]) where !seen.contains(row[0]) { seen.append(row[0]) }
            return seen
        }
        let codes = try column.classes().codes
        var first: [Int32: Int] = [:]
        for (row, code) in codes.enumerated() where first[code] == nil { first[code] = row }
        let order = first.values.sorted()
        return try selectColumns([name]).select(order).rows().map { $0[0] }
    }
}
