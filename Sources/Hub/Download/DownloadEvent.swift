/// What happens while files are fetched, for whoever shows it.
public enum DownloadEvent: Sendable, Equatable {
    /// What will be fetched; what is here already does not count.
    case planned(files: Int, byteCount: Int)
    /// So many bytes more are here; fewer than none when bad ones were thrown away.
    case received(byteCount: Int)
    /// A file failed and is tried again.
    case retrying(file: String, reason: String)
    /// A file is here, checked.
    case finished(file: String)
}
