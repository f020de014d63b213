extension Dataset {
    /// The names of the file's own columns, including nested ones but not their parts.
    var ownColumnNames: Set<[UInt8]> {
        let parts = Set(nestedColumns.flatMap(\.parts).map { Array($0.utf8) })
        let nested = nestedColumns.filter { column in
            !nestedColumns.contains { column.name.utf8.starts(with: ($0.name + ".").utf8) }
        }
        return Set((columnNames + nested.map(\.name)).map { Array($0.utf8) }).subtracting(parts)
    }

    /// Gives all datasets the same parts of nested columns, since objects in one file may lack members of another.
    ///
    /// A part that a dataset lacks becomes missing in every row; a part with different types is left out.
    ///
    /// - Parameter datasets: The datasets of several files.
    /// - Returns: The same number of datasets.
    /// - Throws: `.badFile`.
    static func aligningParts(_ datasets: [Dataset]) throws(DatasetError) -> [Dataset] {
        var names: [String] = []
        var known: Set<[UInt8]> = []
        for part in datasets.flatMap({ $0.nestedColumns.flatMap(\.parts) })
        where known.insert(Array(part.utf8)).inserted {
            names.append(part)
        }
        guard !names.isEmpty else { return datasets }
        var aligned = datasets
        for name in names {
            let features = aligned.compactMap { dataset in
                dataset.place(of: name).map { dataset.features[$0].feature }
            }
            guard let first = features.first else { continue }
            if features.allSatisfy({ $0 == first }) {
                for index in aligned.indices where aligned[index].place(of: name) == nil {
                    let values = [CellValue](repeating: .missing, count: aligned[index].count)
                    aligned[index] = try aligned[index].addColumn(name, values, feature: first)
                }
            } else {
                for index in aligned.indices where aligned[index].place(of: name) != nil {
                    aligned[index] = try aligned[index].removeColumns([name])
                }
            }
        }
        let nested = mergedNestedColumns(datasets, readable: aligned[0].columnNames)
        return aligned.map {
            Dataset(
                names: $0.columnNames,
                columns: $0.columns,
                nested: nested,
                warnings: $0.warnings,
                origins: $0.origins,
                storage: $0.storage
            )
        }
    }

    private static func mergedNestedColumns(_ datasets: [Dataset], readable: [String]) -> [NestedColumn] {
        var merged: [NestedColumn] = []
        for column in datasets.flatMap(\.nestedColumns) {
            guard let index = merged.firstIndex(where: { $0.name.utf8.elementsEqual(column.name.utf8) })
            else {
                merged.append(column)
                continue
            }
            merged[index].parts += column.parts.filter { !merged[index].parts.contains($0) }
            merged[index].hasOnlyMembers = merged[index].hasOnlyMembers && column.hasOnlyMembers
            if merged[index].kind != column.kind { merged[index].kind = .mixed }
            merged[index].refusal = merged[index].refusal ?? column.refusal
        }
        for index in merged.indices { merged[index].parts.removeAll { !readable.contains($0) } }
        return merged
    }
}
