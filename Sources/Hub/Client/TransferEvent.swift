/// What happens while files are fetched or sent, for whoever shows it.
public enum TransferEvent: Sendable, Equatable {
    /// What will be moved; what is where it belongs already does not count.
    case planned(files: Int, byteCount: Int)
    /// So many bytes more are there; fewer than none when bad ones were thrown away.
    case transferred(byteCount: Int)
    /// A file failed and is tried again.
    case retrying(file: String, reason: String)
    /// A file is there, checked.
    case finished(file: String)
    /// The cache cannot be written, so that it does not remember what the Hub said; its files serve all the same.
    case notKept(reason: String)
}
