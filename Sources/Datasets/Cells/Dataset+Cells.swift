import Files

extension Dataset {
    /// Converts text cells that are all lists into lists, and objects of 0 and 1 into lists of the names set to 1.
    ///
    /// Other columns are not changed.
    ///
    /// - Parameter source: The name of the file or folder, for the notes.
    /// - Returns: A dataset with the converted columns, and a warning for each that says how it was read.
    /// - Throws: `.badFile`.
    func readingCells(of source: String) throws(DatasetError) -> Dataset {
        var result = self
        var notes: [String] = []
        for (name, column) in namedColumns where column.feature == .value(.string) {
            guard let cells = CellColumn(column), let read = try cells.column(column, storage) else {
                continue
            }
            result = result.replacing(name, with: read)
            notes.append("\(source): column \"\(name)\" \(cells.note)")
        }
        for nested in nestedColumns where nested.hasOnlyMembers {
            result = try result.readingScores(of: nested, notes: &notes, source: source)
        }
        return notes.reduce(result) { $0.warning($1) }
    }

    /// Adds a column for objects of 0 and 1 that holds the names set to 1.
    private func readingScores(
        of nested: NestedColumn,
        notes: inout [String],
        source: String
    ) throws(DatasetError) -> Dataset {
        let names = nested.parts.map { String($0.dropFirst(nested.name.count + 1)) }
        let types = nested.parts.compactMap { place(of: $0).map { columns[$0].type } }
        guard !names.isEmpty, types.count == names.count,
            types.allSatisfy({ $0.isNumber || $0 == ColumnType(.bool) })
        else { return self }
        var scores: [ScoreColumn] = []
        for part in nested.parts {
            guard let place = place(of: part), let score = try? ScoreColumn(columns[place]) else {
                return self
            }
            if let refusal = score.refusal {
                let name = part.dropFirst(nested.name.count + 1)
                return refusing(
                    nested,
                    because:
                        "\(location(ofRow: refusal.row)) has \"\(name)\": \(refusal.value), which is neither 0 nor 1; "
                        + "write labels as 0 or 1, or train on one of its parts as a number, for example with "
                        + "--label-column \(part) --problem-type regression"
                )
            }
            scores.append(score)
        }
        let labels = ScoreColumn.labels(scores, names: names, count: count)
        var note =
            "holds objects of 0 and 1, read as lists of the labels set to 1, out of "
            + "\(names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", "))"
        if names.count > 8 { note += ", …" }
        if let first = labels.incomplete.first {
            let row = counted(
                labels.incomplete.count,
                "row lacks some of them and counts",
                "rows lack some of them and count"
            )
            note +=
                "; \(row) as unlabelled (the first is \(location(ofRow: first)))"
        }
        notes.append("\(source): column \"\(nested.name)\" \(note)")
        return replacing(nested.name, with: try labels.column(storage))
    }

    /// Records why a nested column does not hold labels.
    private func refusing(_ nested: NestedColumn, because reason: String) -> Dataset {
        var all = nestedColumns
        for index in all.indices where all[index].name == nested.name { all[index].refusal = reason }
        return Dataset(
            names: columnNames,
            columns: columns,
            nested: all,
            warnings: warnings,
            origins: origins,
            storage: storage
        )
    }
}
