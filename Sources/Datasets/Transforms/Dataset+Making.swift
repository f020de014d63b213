extension Dataset {
    /// Creates a dataset from texts.
    ///
    /// - Parameter columns: Names and values, all of the same length; nil is a missing value.
    /// - Throws: `.badData` if the lengths differ.
    public init(columns: [(name: String, values: [String?])]) throws(DatasetError) {
        var dataset = Dataset(names: [], columns: [])
        for column in columns {
            let values = column.values.map { $0.map(CellValue.string) ?? .missing }
            dataset = try dataset.addColumn(column.name, values, feature: .value(.string))
        }
        self = dataset
    }

    /// Creates a dataset from values.
    ///
    /// - Parameter columns: Names and values, all of the same length.
    /// - Throws: `.badData` if the lengths differ, or the types within a column.
    public init(_ columns: KeyValuePairs<String, [CellValue]>) throws(DatasetError) {
        var dataset = Dataset(names: [], columns: [])
        for column in columns { dataset = try dataset.addColumn(column.key, column.value) }
        self = dataset
    }
}
