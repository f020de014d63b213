/// A format in which rows can be written.
public enum DatasetFormat: String, Sendable, CaseIterable {
    /// Fields separated by commas.
    case csv
    /// Fields separated by tabs.
    case tsv
    /// One JSON object per line.
    case jsonl
    /// Parquet, compressed with Snappy.
    case parquet
    /// Arrow's IPC file format, which can be memory-mapped.
    case arrow
}
