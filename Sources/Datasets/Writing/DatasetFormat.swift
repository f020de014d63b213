/// A format that rows can be written in.
public enum DatasetFormat: String, Sendable, CaseIterable {
    /// Fields separated by commas.
    case csv
    /// Fields separated by tabs.
    case tsv
    /// A JSON object a line.
    case jsonl
    /// Parquet, compressed with Snappy.
    case parquet
    /// Arrow's IPC file format, which can be mapped.
    case arrow
}
