/// A phase of work that takes time.
public enum WorkPhase: String, Sendable, CaseIterable {
    /// Downloading from the Hub; counts bytes.
    case download
    /// Uploading to the Hub; counts bytes.
    case upload
    /// Reading rows.
    case read
    /// Loading a model's weights.
    case load
    /// Tokenizing texts.
    case tokenize
    /// Training; counts steps.
    case train
    /// Evaluating texts.
    case evaluate
    /// Predicting the labels of texts.
    case predict
    /// Saving the model and its results.
    case save
}

/// The progress of a phase.
public struct WorkProgress: Sendable, Equatable {
    /// The phase.
    public var phase: WorkPhase
    /// The number of texts, rows, steps or bytes that are done.
    public var done: Int
    /// Their total number; nil if unknown.
    public var total: Int?
    /// The object of the work, such as a file's name; nil if it needs no name.
    public var subject: String?

    /// Creates the progress of a phase.
    ///
    /// - Parameters:
    ///   - phase: The phase.
    ///   - done: The number of texts, rows, steps or bytes that are done.
    ///   - total: Their total number; nil if unknown.
    ///   - subject: The object of the work; nil if it needs no name.
    public init(_ phase: WorkPhase, done: Int = 0, of total: Int? = nil, subject: String? = nil) {
        (self.phase, self.done, self.total, self.subject) = (phase, done, total, subject)
    }
}
