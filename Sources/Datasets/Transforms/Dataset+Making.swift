extension Dataset {
    /// A dataset of given texts.
    ///
    /// - Parameter columns: Names and values, all of one length; nil is a missing value.
    /// - Throws: `.badData` where lengths differ.
    public init(columns: [(name: String, values: [String?])]) throws(DatasetError) {
        var dataset = Dataset(names: [], columns: [])
        for column in columns {
            let values = column.values.map { $0.map(CellValue.string) ?? .missing }
            dataset = try dataset.addColumn(column.name, values, feature: .value(.string))
        }
        self = dataset
    }

    /// A dataset of given values.
    ///
    /// - Parameter columns: Names and values, all of one length.
    /// - Throws: `.badData` where lengths differ, or types within a column.
    public init(_ columns: KeyValuePairs<String, [CellValue]>) throws(DatasetError) {
        var dataset = Dataset(names: [], columns: [])
        for column in columns { dataset = try dataset.addColumn(column.key, column.value) }
        self = dataset
    }
}
