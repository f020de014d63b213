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

    /// The number of rows; nil for a stream.
    public private(set) var count: Int?
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
        // Find the number of rows, for shards and progress.
        let counting = try RecordStream(file: path, format: format?.stream)
        try counting.skipOrangeHeader()
        var rows = 0
        while try counting.next() != nil { rows += 1 }
        count = rows
    }

    /// Reads consecutive rows.
    ///
    /// - Parameter range: The rows by their zero-based numbers.
    /// - Returns: The rows that exist.
    /// - Throws: `DatasetError`, `FileError`.
    public func read(_ range: Range<Int>) throws -> SourceRows {
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
