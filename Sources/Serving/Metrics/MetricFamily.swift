import Synchronization

/// A metric with its series, one for each combination of label values.
///
/// Label values come from routes, models and fixed lists, never from the content of a request, so their number is bounded.
final class MetricFamily: Sendable {
    /// The kind of a metric.
    enum Kind: Sendable, Equatable {
        /// A number that only grows.
        case counter
        /// A number that goes up and down.
        case gauge
        /// Counts of values up to each of the bounds, which ascend.
        case histogram([Double])

        var name: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// The values of one series.
    struct Series: Sendable {
        /// The value; of a histogram the sum.
        var value = 0.0
        /// The number of values in each bucket alone, the last one without a bound; empty unless it is a histogram.
        var buckets: [Int] = []
    }

    let name: String
    let help: String
    let kind: Kind
    let labelNames: [String]
    private let series: Mutex<[[String]: Series]>

    /// Creates a metric.
    ///
    /// - Parameters:
    ///   - name: The name, with the unit and `_total` as suffixes by convention.
    ///   - kind: The kind.
    ///   - labels: The names of the labels; without any, the metric has its one series at once.
    ///   - help: One sentence for people.
    init(_ name: String, _ kind: Kind, labels: [String] = [], _ help: String) {
        self.name = name
        self.help = help
        self.kind = kind
        labelNames = labels
        series = Mutex(labels.isEmpty ? [[]: MetricFamily.empty(kind)] : [:])
    }

    private static func empty(_ kind: Kind) -> Series {
        guard case .histogram(let bounds) = kind else { return Series() }
        return Series(buckets: [Int](repeating: 0, count: bounds.count + 1))
    }

    /// Creates a series with zero, so that its first increase is seen as one.
    ///
    /// - Parameter labels: The label values, in order of the names.
    func prepare(_ labels: String...) {
        series.withLock { series in if series[labels] == nil { series[labels] = Self.empty(kind) } }
    }

    /// Adds to a counter or a gauge.
    ///
    /// - Parameters:
    ///   - amount: The amount; of a counter not negative.
    ///   - labels: The label values, in order of the names.
    func add(_ amount: Double = 1, _ labels: String...) {
        series.withLock { $0[labels, default: Self.empty(kind)].value += amount }
    }

    /// Sets a gauge, or a counter that is counted elsewhere.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - labels: The label values, in order of the names.
    func set(_ value: Double, _ labels: String...) {
        series.withLock { $0[labels, default: Self.empty(kind)].value = value }
    }

    /// Adds a value to a histogram; NaN is ignored.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - labels: The label values, in order of the names.
    func observe(_ value: Double, _ labels: String...) {
        guard case .histogram(let bounds) = kind, !value.isNaN else { return }
        let bucket = bounds.partitioningIndex { $0 >= value }
        series.withLock { series in
            series[labels, default: Self.empty(kind)].value += value
            series[labels]?.buckets[bucket] += 1
        }
    }

    /// Removes series.
    ///
    /// - Parameters:
    ///   - label: The name of a label; a metric without it is not changed.
    ///   - value: The label's value in the series to remove.
    func remove(where label: String, is value: String) {
        guard let index = labelNames.firstIndex(of: label) else { return }
        series.withLock { $0 = $0.filter { $0.key[index] != value } }
    }

    /// All series, sorted by label values.
    var sorted: [(labels: [String], series: Series)] {
        series.withLock { $0.map { (labels: $0.key, series: $0.value) } }
            .sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }
}

extension [Double] {
    /// The index of the first element that fulfils a condition, which no element does before one that does not.
    ///
    /// - Parameter condition: The condition.
    /// - Returns: The number of elements if none does.
    fileprivate func partitioningIndex(where condition: (Double) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
