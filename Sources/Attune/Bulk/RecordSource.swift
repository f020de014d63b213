import Classification
import Datasets
import Files
import Foundation

/// The format of rows on standard input, and of files that are read row by row.
public enum RecordFormat: String, Sendable, CaseIterable {
    /// A JSON object per line.
    case jsonl
    /// Fields separated by commas, with a header.
    case csv
    /// Fields separated by tabs, with a header.
    case tsv
    /// A text per line.
    case text

    fileprivate var stream: RecordStream.Format {
        switch self {
        case .jsonl: .jsonl
        case .csv: .csv
        case .tsv: .tsv
        case .text: .text
        }
    }
}

/// Rows that are read one after another from standard input or a file of lines.
///
/// A row that cannot be read does not end the run, unless it should.
public final class RecordSource: RowSource {
    /// The treatment of a row that cannot be read.
    private let endsAtFailures: Bool
    private let records: RecordStream
    private let reader: RowReader
    private var next = 0
    /// The file whose rows are counted after the first answers; nil if they are counted, or cannot be.
    private var uncounted: String?

    /// The number of rows; nil for a stream, and for a large file before its first rows have been answered.
    public private(set) var count: Int?
    /// Notes on reading the first rows of a large file.
    public private(set) var warnings: [String] = []
    /// The name of the source, for messages.
    public var name: String { records.name }

    /// Opens standard input.
    ///
    /// - Parameters:
    ///   - format: The format; nil takes lines of JSON if the first byte is a brace, else lines of text.
    ///   - reader: Knows the columns of texts.
    ///   - endsAtFailures: Whether a row that cannot be read is an error of the run.
    /// - Throws: `FileError`, `DatasetError`.
    public init(standardInput format: RecordFormat?, reader: RowReader, endsAtFailures: Bool) throws {
        records = try RecordStream(standardInput: format?.stream)
        (self.reader, self.endsAtFailures) = (reader, endsAtFailures)
    }

    /// Whether a file holds one row per line, or per row of delimited text.
    ///
    /// - Parameter path: The file's name.
    /// - Returns: Whether its ending shows such a format.
    public static func reads(_ path: String) -> Bool { RecordStream.format(of: path) != nil }

    /// Opens a file of lines, compressed or not.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - format: The format; nil takes it from the file's name.
    ///   - reader: Knows the columns of texts.
    ///   - endsAtFailures: Whether a row that cannot be read is an error of the run.
    /// - Throws: `FileError`, `DatasetError`.
    public init(file path: String, format: RecordFormat?, reader: RowReader, endsAtFailures: Bool) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw DatasetError(.missingFile, "cannot read \(path): there is no such file")
        }
        records = try RecordStream(file: path, format: format?.stream)
        (self.reader, self.endsAtFailures) = (reader, endsAtFailures)
        try records.skipOrangeHeader()
        // For shards and progress.
        count = try Self.rows(of: path, format)
    }

    /// The number of rows of a file of lines.
    private static func rows(of path: String, _ format: RecordFormat?) throws -> Int {
        let records = try RecordStream(file: path, format: format?.stream)
        try records.skipOrangeHeader()
        var rows = 0
        while try records.next() != nil { rows += 1 }
        return rows
    }

    /// Opens a large file of rows so that its first rows can be answered before the last ones have been read.
    ///
    /// A row that cannot be read is an error of the run, after the answers to the rows before it.
    ///
    /// - Parameters:
    ///   - path: The file, as it was given.
    ///   - reader: Knows the columns of texts.
    ///   - bytes: The size from which on a file is large; nil takes 16 MB.
    /// - Returns: Nil for a file that must be read as a whole: of another format, compressed, small, not UTF-8, or without texts
    ///   in the expected column of its first rows.
    package static func large(_ path: String, reader: RowReader, from bytes: Int? = nil) -> RecordSource? {
        let opened = RecordStream.large(
            path,
            rows: PredictionWindows.firstRows,
            from: bytes ?? RecordStream.leastLargeBytes
        )
        guard let opened, let column = try? reader.textColumn(of: opened.start) else { return nil }
        let columns = [column] + [try? reader.textPairColumn(of: opened.start)].compactMap { $0 }
        // The spelling of numbers may depend on all rows.
        let areTexts = columns.allSatisfy { (try? opened.start.feature(of: $0)) == .value(.string) }
        guard areTexts, (try? reader.inputs(of: opened.start)) != nil else { return nil }
        return RecordSource(opened.stream, of: path, reader: reader, warnings: opened.start.warnings)
    }

    private init(_ records: RecordStream, of path: String, reader: RowReader, warnings: [String]) {
        (self.records, self.reader, self.warnings) = (records, reader, warnings)
        (endsAtFailures, uncounted) = (true, path)
    }

    /// Reads consecutive rows.
    ///
    /// - Parameter range: The rows by their zero-based numbers.
    /// - Returns: The rows that exist.
    /// - Throws: `DatasetError`, `FileError`.
    public func read(_ range: Range<Int>) throws -> SourceRows {
        if let path = uncounted, next > PredictionWindows.firstRows {
            uncounted = nil
            count = try? Self.rows(of: path, nil)
        }
        while next < range.lowerBound {
            guard try records.next() != nil else { break }
            next += 1
        }
        var read: [RecordStream.Record] = []
        while next < range.upperBound, let record = try records.next() {
            read.append(record)
            next += 1
        }
        guard !read.isEmpty else { return SourceRows(tables: [], inputs: .texts([]), failures: []) }
        do {
            return try rows(read[...])
        } catch let error as DatasetError where error.code == .missingColumn && read.count > 1 {
            // A mistake in the choice of the column is not one of the rows.
            guard records.format == .jsonl, next > read.count else { throw error }
        } catch {}
        // Find the rows that cannot be read.
        var parts: [SourceRows] = []
        for index in read.indices {
            do {
                parts.append(try rows(read[index...index]))
            } catch let error as DatasetError where !endsAtFailures {
                parts.append(
                    SourceRows(tables: [], inputs: inputs([], []), failures: [error.message])
                )
            }
        }
        return SourceRows(
            tables: parts.flatMap(\.tables),
            inputs: joined(parts.map(\.inputs)),
            failures: parts.flatMap(\.failures)
        )
    }

    private func rows(_ read: ArraySlice<RecordStream.Record>) throws -> SourceRows {
        let table = try records.parse(read)
        guard table.count == read.count else {
            let line = read.first?.line ?? 1
            throw DatasetError(.badFile, "\(name): line \(line) holds \(counted(table.count, "row"))")
        }
        return SourceRows(
            tables: [table],
            inputs: try reader.inputs(of: table),
            failures: read.map { _ in nil }
        )
    }

    private func inputs(_ texts: [String], _ pairedTexts: [String]) -> TextInputs {
        TextInputs(texts, pairedTexts: reader.readsPairs ? pairedTexts : nil)
    }

    private func joined(_ parts: [TextInputs]) -> TextInputs {
        var texts: [String] = []
        var pairedTexts: [String] = []
        for part in parts {
            switch part {
            case .texts(let some): texts += some
            case .pairs(let some):
                texts += some.map(\.0)
                pairedTexts += some.map(\.1)
            }
        }
        return inputs(texts, pairedTexts)
    }
}
