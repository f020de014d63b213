/// The metrics of an evaluation, by problem type.
public enum EvaluationMetrics: Sendable, Equatable {
    /// One of several labels per example.
    case singleLabel(ClassificationMetrics)
    /// Any number of labels per example.
    case multiLabel(MultiLabelMetrics)
    /// A number per example.
    case regression(RegressionMetrics)

    /// The number of examples.
    public var count: Int {
        switch self {
        case .singleLabel(let metrics): metrics.confusion.total
        case .multiLabel(let metrics): metrics.count
        case .regression(let metrics): metrics.count
        }
    }

    /// All metrics by scikit-learn's or SciPy's names, in display order.
    public var values: [(name: String, value: Double)] {
        switch self {
        case .singleLabel(let metrics): metrics.values
        case .multiLabel(let metrics): metrics.values
        case .regression(let metrics): metrics.values
        }
    }

    /// A metric by name; nil if there is none with this name.
    ///
    /// - Parameter name: `accuracy`, `f1_macro`, `rmse` and so on.
    public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }

    /// The 95 % intervals by name, if they were requested.
    public var intervals: [String: ClosedRange<Double>] {
        switch self {
        case .singleLabel(let metrics): metrics.intervals
        case .multiLabel(let metrics): metrics.intervals
        case .regression(let metrics): metrics.intervals
        }
    }

    /// The two most important metrics, for short displays.
    public var headline: [(name: String, value: Double)] {
        switch self {
        case .singleLabel(let metrics):
            [("accuracy", metrics.accuracy), ("MCC", metrics.matthewsCorrelation)]
        case .multiLabel(let metrics):
            [("F1 micro", metrics.averaged(\.f1, .micro)), ("exact match", metrics.exactMatch)]
        case .regression(let metrics):
            [("RMSE", metrics.rootMeanSquaredError), ("Pearson", metrics.pearson)]
        }
    }

    /// The names of ``headline``'s metrics in ``values``.
    public var headlineNames: [String] {
        switch self {
        case .singleLabel: ["accuracy", "matthews_correlation"]
        case .multiLabel: ["f1_micro", "accuracy"]
        case .regression: ["rmse", "pearson"]
        }
    }

    /// The metrics as a plain-text table.
    ///
    /// - Parameters:
    ///   - labels: The label names by id.
    ///   - columns: The most characters of a line of the tables, whose cells are shortened; nil for no limit.
    /// - Returns: The lines, each ending in a line feed.
    public func table(labels: [String], columns: Int? = nil) -> String {
        switch self {
        case .singleLabel(let metrics): metrics.table(labels: labels, columns: columns)
        case .multiLabel(let metrics): metrics.table(labels: labels, columns: columns)
        case .regression(let metrics): metrics.table
        }
    }
}
