import Files

extension Dataset {
    /// Reads the labels of every row, and checks that all ids are below the number of classes.
    ///
    /// - Parameter columns: One column of labels or of lists of them, or several columns of 0 and 1.
    /// - Returns: The labels.
    /// - Throws: `.missingColumn`, `.badFile`; `.badData` for an id beyond the classes, or for several columns with
    ///   values other than 0 and 1.
    package func checkedLabels(_ columns: [String]) throws(DatasetError) -> RowLabels {
        for column in columns { try requireKnownClasses(in: column) }
        return try RowLabels(self, columns: columns)
    }

    /// Returns the error for rows without a label.
    ///
    /// If no row has a label, it says so and names the split.
    ///
    /// - Parameters:
    ///   - missing: The number of rows without a label.
    ///   - row: The zero-based index of the first one.
    ///   - columns: The label columns.
    ///   - remedy: How to fix it if only some rows lack a label.
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
