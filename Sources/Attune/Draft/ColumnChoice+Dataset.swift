package import Datasets

extension ColumnChoice {
    /// The most rows that are looked at.
    private static let sampleSize = 20_000

    /// Chooses the columns of a dataset that no one has described.
    ///
    /// - Parameters:
    ///   - rows: The rows; a sample of them is looked at.
    ///   - path: The file or folder of the rows, which may mark columns as classes.
    ///   - text: The column of texts, if it is known.
    ///   - label: The label columns, if they are known.
    /// - Throws: ``DraftError`` with the candidates, if the choice is not obvious; `DatasetError` if a row cannot be read.
    package init(of rows: Dataset, at path: String, text: String?, label: [String]?) throws {
        try self.init(Self.profiles(of: Self.sample(of: rows), at: path), text: text, label: label)
    }

    /// The rows that are looked at.
    static func sample(of rows: Dataset) -> Dataset {
        rows.count <= sampleSize ? rows : rows.select(spreadEvenly(sampleSize, over: rows.count))
    }

    /// The profiles of the columns of a sample.
    static func profiles(of sample: Dataset, at path: String) throws -> [ColumnProfile] {
        let marked = Dataset.columnsMarkedAsClasses(in: path)
        return try sample.features.map { name, feature in
            if case .list = feature { return ColumnProfile(listsNamed: name, rows: sample.count) }
            return ColumnProfile(
                name: name,
                texts: try sample.strings(name),
                isMarkedAsClass: marked.contains(name) || feature.classLabel != nil
            )
        }
    }
}

/// Zero-based indices that are spread evenly over rows, because files are often sorted by label.
func spreadEvenly(_ count: Int, over rows: Int) -> [Int] {
    (0..<count).map { Int(Double($0) * Double(rows) / Double(count)) }
}
