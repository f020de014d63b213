public import Classification
public import Datasets

/// A source of rows with texts, read in windows so that it may be larger than memory.
public protocol RowSource: AnyObject {
    /// The name of the source, for messages.
    var name: String { get }
    /// The number of rows; nil for a stream.
    var count: Int? { get }

    /// Reads consecutive rows.
    ///
    /// - Parameter range: The rows by their zero-based numbers. Each call begins at or after the end of the one before.
    /// - Returns: The rows that exist, fewer at the end of the source.
    /// - Throws: `DatasetError`, `FileError`.
    func read(_ range: Range<Int>) throws -> SourceRows
}

/// The rows of one window.
public struct SourceRows {
    /// Tables with the columns of consecutive rows; together they hold every row that could be read.
    public var tables: [Dataset] = []
    /// The texts of the rows that could be read, in order.
    public var inputs: TextInputs
    /// For each row, the reason that it could not be read; nil for a row with a text.
    public var failures: [String?]

    /// Creates the rows of a window.
    ///
    /// - Parameters:
    ///   - tables: Tables with the columns of the rows that could be read.
    ///   - inputs: Their texts.
    ///   - failures: For each row, the reason that it could not be read.
    public init(tables: [Dataset], inputs: TextInputs, failures: [String?]) {
        (self.tables, self.inputs, self.failures) = (tables, inputs, failures)
    }

    /// The number of rows.
    public var count: Int { failures.count }
}

/// Texts that are given one by one.
public final class GivenTexts: RowSource {
    private let inputs: TextInputs

    /// The columns of the texts.
    public static let features: [(name: String, feature: Feature)] = [("text", .value(.string))]

    /// Creates a source.
    ///
    /// - Parameter inputs: The texts or pairs.
    public init(_ inputs: TextInputs) { self.inputs = inputs }

    /// The name of the source, for messages.
    public var name: String { "text" }
    /// The number of rows.
    public var count: Int? { inputs.count }

    /// Reads consecutive rows.
    ///
    /// - Parameter range: The rows by their zero-based numbers.
    /// - Returns: The rows that exist.
    /// - Throws: `DatasetError`, `FileError`.
    public func read(_ range: Range<Int>) throws -> SourceRows {
        let rows = Array(range.clamped(to: 0..<inputs.count))
        let selected = inputs.selecting(rows)
        let texts: [String] =
            switch selected {
            case .texts(let texts): texts
            case .pairs(let pairs): pairs.map(\.0)
            }
        return SourceRows(
            tables: rows.isEmpty ? [] : [try Dataset(columns: [("text", texts)])],
            inputs: selected,
            failures: rows.map { _ in nil }
        )
    }
}

/// The rows of a dataset, whose columns are in memory or memory-mapped.
public final class DatasetSource: RowSource {
    /// The name of the source, for messages.
    public let name: String
    private let texts: Dataset
    private let kept: Dataset
    private let reader: RowReader
    /// The files of the rows.
    let files: [String]?

    /// Creates a source.
    ///
    /// - Parameters:
    ///   - rows: The dataset.
    ///   - name: Its name, for messages.
    ///   - reader: Knows the columns of texts.
    ///   - columns: The other columns that are needed.
    /// - Throws: `DatasetError` if a column is missing, or if the texts' column holds lists.
    public init(_ rows: Dataset, name: String, reader: RowReader, columns: [String]) throws {
        let named = [try reader.textColumn(of: rows), try reader.textPairColumn(of: rows)].compactMap { $0 }
        (self.name, self.reader) = (name, reader)
        texts = try rows.loaded(columns: named.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
            .withTexts()
        kept = try rows.loaded(columns: columns)
        count = rows.count
        files = rows.sourceFiles
        // A column of lists is refused before the model is loaded.
        _ = try reader.inputs(of: texts.select(0..<1))
    }

    /// The number of rows.
    public let count: Int?

    /// The columns of the input that were asked for.
    public var features: [(name: String, feature: Feature)] { kept.features }

    /// Reads consecutive rows.
    ///
    /// - Parameter range: The rows by their zero-based numbers.
    /// - Returns: The rows that exist.
    /// - Throws: `DatasetError`, `FileError`.
    public func read(_ range: Range<Int>) throws -> SourceRows {
        let range = range.clamped(to: 0..<texts.count)
        return SourceRows(
            tables: kept.columnNames.isEmpty || range.isEmpty ? [] : [kept.select(range)],
            inputs: try reader.inputs(of: texts.select(range)),
            failures: range.map { _ in nil }
        )
    }
}
