public import Classification
public import Datasets
import Files
import Models

/// The format of predictions.
public enum PredictionFormat: String, Sendable, CaseIterable {
    /// A JSON object per line.
    case jsonl
    /// Fields separated by commas, with a header.
    case csv
    /// Fields separated by tabs, with a header.
    case tsv
    /// Parquet.
    case parquet

    /// Reads the format from a file's name.
    ///
    /// - Parameter path: The name; other endings than `.csv`, `.tsv`, `.tab` and `.parquet` mean lines of JSON.
    /// - Throws: `DatasetError` for the ending of a compressed file or of a format that is not written.
    public init(path: String) throws(DatasetError) {
        let ending = path.lowercased().split(separator: "/").last?.split(separator: ".").last.map(String.init)
        switch ending {
        case "csv": self = .csv
        case "tsv", "tab": self = .tsv
        case "parquet": self = .parquet
        case "gz", "gzip", "zst", "zstd", "bz2", "lz4", "xz":
            throw DatasetError(
                .unknownFormat,
                "--output \(path): compressed files are not written; leave out --output and end the command with "
                    + "`| gzip > FILE`, or choose .parquet"
            )
        case "arrow", "feather", "xlsx":
            throw DatasetError(
                .unknownFormat,
                "--output \(path): predictions are written as .jsonl, .csv, .tsv or .parquet; convert the file with "
                    + "`attune data convert`"
            )
        default: self = .jsonl
        }
    }

    /// Whether each row is written as fields or in Parquet, not as a JSON object.
    public var isTable: Bool { self != .jsonl }

    /// The format of tables; nil for lines of JSON.
    var table: DatasetFormat? {
        switch self {
        case .jsonl: nil
        case .csv: .csv
        case .tsv: .tsv
        case .parquet: .parquet
        }
    }
}

/// Writes windows of predictions in one of the formats.
public final class PredictionWriter {
    private let sink: any ByteSink
    private let lines: PredictionLines
    private let errors: RowErrorPolicy
    private var table: PredictionTable
    private let stream: TableStream?
    private var hasBegun = false

    /// Creates a writer.
    ///
    /// - Parameters:
    ///   - format: The format.
    ///   - layout: The columns.
    ///   - classifier: The classifier that predicts.
    ///   - features: The columns of the input, if they are the same in all windows.
    ///   - writesHeader: Whether delimited text begins with the columns' names.
    ///   - sink: Receives the bytes.
    public init(
        _ format: PredictionFormat,
        _ layout: PredictionLayout,
        of classifier: TextClassifier,
        features: [(name: String, feature: Feature)]?,
        writesHeader: Bool = true,
        to sink: any ByteSink
    ) {
        self.sink = sink
        errors = layout.errors
        lines = PredictionLines(
            labels: classifier.labels,
            problemType: classifier.problemType,
            layout: layout
        )
        table = PredictionTable(
            classifier.problemType,
            layout,
            isText: format != .parquet,
            fixed: features
        )
        stream = format.table.map { table in
            TableStream(format: table, writesHeader: writesHeader) { bytes throws(FileError) in
                try sink.write(Array(bytes))
            }
        }
    }

    /// Writes the answers of a window.
    ///
    /// - Parameter window: The window that follows the one before.
    /// - Throws: `FileError`, `DatasetError`.
    public func write(_ window: PredictedWindow) throws {
        hasBegun = true
        if let stream {
            try stream.append(table.rows(window))
        } else {
            try sink.write(lines.lines(window).bytes)
        }
        try sink.flush()
    }

    /// Ends the output.
    ///
    /// - Throws: `FileError`, `DatasetError`.
    public func close() throws {
        if let stream {
            if !hasBegun { try stream.append(table.empty()) }
            try stream.close()
        }
        try sink.close()
    }
}
