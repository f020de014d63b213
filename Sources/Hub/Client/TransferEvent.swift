/// An event of a download or an upload, for progress displays.
public enum TransferEvent: Sendable, Equatable {
    /// The files to transfer and their bytes, without files that are already in place.
    case planned(files: Int, byteCount: Int)
    /// The number of bytes transferred since the last event; negative if corrupt bytes were discarded.
    case transferred(byteCount: Int)
    /// The transfer of a file failed and is retried.
    case retrying(file: String, reason: String)
    /// A file is complete and its hash is checked.
    case finished(file: String)
    /// The cache cannot be written, so it does not remember the Hub's answer. Its files are still used.
    case notKept(reason: String)
}
