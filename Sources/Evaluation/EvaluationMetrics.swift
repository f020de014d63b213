/// What was measured, by the kind of answer that a classifier gives.
public enum EvaluationMetrics: Sendable, Equatable {
    /// One of several labels.
    case singleLabel(ClassificationMetrics)
    /// Any number of labels.
    case multiLabel(MultiLabelMetrics)
    /// A number.
    case regression(RegressionMetrics)

    /// The number of examples.
    public var count: Int {
        switch self {
        case .singleLabel(let metrics): metrics.confusion.total
        case .multiLabel(let metrics): metrics.count
        case .regression(let metrics): metrics.count
        }
    }

    /// Every number under the reference's name, in the order to show them.
    public var values: [(name: String, value: Double)] {
        switch self {
        case .singleLabel(let metrics): metrics.values
        case .multiLabel(let metrics): metrics.values
        case .regression(let metrics): metrics.values
        }
    }

    /// A number by the reference's name; nil where there is none of that name.
    ///
    /// - Parameter name: `accuracy`, `f1_macro`, `rmse` and so on.
    public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }

    /// 95 % intervals by name, where they were asked for.
    public var intervals: [String: ClosedRange<Double>] {
        switch self {
        case .singleLabel(let metrics): metrics.intervals
        case .multiLabel(let metrics): metrics.intervals
        case .regression(let metrics): metrics.intervals
        }
    }

    /// The two numbers to show where there is room for two.
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

    /// The names of ``headline``'s numbers in ``values``.
    public var headlineNames: [String] {
        switch self {
        case .singleLabel: ["accuracy", "matthews_correlation"]
        case .multiLabel: ["f1_micro", "accuracy"]
        case .regression: ["rmse", "pearson"]
        }
    }

    /// The metrics, and what a person wants to see with them, as plain text.
    ///
    /// - Parameter labels: Names by id.
    /// - Returns: Lines ending in a line feed.
    public func table(labels: [String]) -> String {
        switch self {
        case .singleLabel(let metrics): metrics.table(labels: labels)
        case .multiLabel(let metrics): metrics.table(labels: labels)
        case .regression(let metrics): metrics.table
        }
    }
}
