import Files

extension Dataset {
    /// The labels of every row, whose ids must be below the number of classes.
    ///
    /// - Parameter columns: One column of labels or of lists of them, or several columns of 0 and 1.
    /// - Returns: The labels.
    /// - Throws: `.missingColumn`, `.badFile`; `.badData` for an id beyond the classes, or several columns that hold
    ///   something else than 0 and 1.
    package func checkedLabels(_ columns: [String]) throws(DatasetError) -> RowLabels {
        for column in columns { try requireKnownClasses(in: column) }
        return try RowLabels(self, columns: columns)
    }

    /// The error for rows without a label; if no row has one, it says so and names the split.
    ///
    /// - Parameters:
    ///   - missing: How many rows.
    ///   - row: The first of them, from 0.
    ///   - columns: The label columns.
    ///   - remedy: What to do about some rows.
    /// - Returns: An error with code `.badData`.
    /// - Throws: `.badFile`.
    package func missingLabels(
        _ missing: Int,
        first row: Int,
        in columns: [String],
        remedy: String
    ) throws(DatasetError) -> DatasetError {
        let shown =
            (columns.count == 1 ? "column " : "columns ")
            + columns.map { "\"\($0)\"" }.joined(separator: ", ")
        var ids: [Int] = []
        for column in columns { ids += try negativeClassIDs(in: column) }
        let listed = Set(ids).sorted(by: >).map(String.init).joined(separator: " or ")
        guard missing < count else {
            let name = sourceName.map { "\($0): " } ?? ""
            let held = ids.isEmpty ? "" : ", which holds \(listed) for \"no label\""
            return DatasetError(
                .badData,
                "\(name)\(count == 1 ? "the only row has" : "none of the \(counted(count, "row")) has") a label in \(shown)\(held); "
                    + "choose another split, such as the validation split, or another label column"
            )
        }
        let held = ids.isEmpty ? "" : " or hold \(listed)"
        let one = ids.isEmpty ? "" : " or holds \(listed)"
        return DatasetError(
            .badData,
            "\(counted(missing, "row has no value\(one)", "rows have no value\(held)")) in \(shown) (the first is \(location(ofRow: row))); "
                + remedy
        )
    }
}
