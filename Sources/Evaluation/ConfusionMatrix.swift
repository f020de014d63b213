/// A confusion matrix that needs space linear in classes and examples.
public struct ConfusionMatrix: Sendable, Equatable {
    /// The number of classes.
    public let classCount: Int
    /// The number of examples.
    public let total: Int
    private let supports: [Int]
    private let predicted: [Int]
    private let hits: [Int]
    /// The non-zero cells off the diagonal, sorted by label and then by prediction, so that sums are the same in every process.
    public let errors: [ErrorCell]

    /// The examples of one class that were predicted as another.
    public struct ErrorCell: Sendable, Equatable {
        /// The true class.
        public let label: Int
        /// The predicted class.
        public let prediction: Int
        /// The number of examples; positive.
        public let count: Int
    }

    /// Returns the cells of ``errors`` with the most examples.
    ///
    /// - Parameter count: The most cells to return.
    /// - Returns: The cells, largest first; cells of equal size are sorted by label and then by prediction.
    public func largestErrors(_ count: Int) -> [ErrorCell] {
        let sorted = errors.sorted {
            ($1.count, $0.label, $0.prediction) < ($0.count, $1.label, $1.prediction)
        }
        return Array(sorted.prefix(count))
    }

    /// Counts pairs of prediction and true class.
    ///
    /// - Parameters:
    ///   - predictions: Class ids less than `classCount`.
    ///   - labels: The true ids, one per prediction.
    ///   - classCount: The number of classes, whether or not they occur.
    public init(predictions: [Int], labels: [Int], classCount: Int) {
        precondition(predictions.count == labels.count, "a prediction for each label")
        var supports = [Int](repeating: 0, count: classCount)
        var (predicted, hits) = (supports, supports)
        var errors: [Int: Int] = [:]
        for (prediction, label) in zip(predictions, labels) {
            supports[label] += 1
            predicted[prediction] += 1
            if prediction == label {
                hits[label] += 1
            } else {
                errors[label * classCount + prediction, default: 0] += 1
            }
        }
        (self.classCount, total) = (classCount, labels.count)
        (self.supports, self.predicted, self.hits) = (supports, predicted, hits)
        self.errors = errors.sorted { $0.key < $1.key }.map {
            ErrorCell(label: $0.key / classCount, prediction: $0.key % classCount, count: $0.value)
        }
    }

    /// The number of examples of a class that were predicted as another.
    ///
    /// - Parameters:
    ///   - label: The true class.
    ///   - prediction: The predicted class.
    public subscript(label: Int, prediction: Int) -> Int {
        guard label != prediction else { return hits[label] }
        var (low, high) = (0, errors.count)
        while low < high {
            let middle = (low + high) / 2
            let cell = errors[middle]
            if (cell.label, cell.prediction) < (label, prediction) { low = middle + 1 } else { high = middle }
        }
        guard low < errors.count, errors[low].label == label, errors[low].prediction == prediction else {
            return 0
        }
        return errors[low].count
    }

    /// The number of correctly classified examples.
    public var correct: Int { hits.reduce(0, +) }

    /// Returns the number of examples of a class.
    ///
    /// - Parameter label: The class.
    /// - Returns: Their number.
    public func support(of label: Int) -> Int { supports[label] }

    /// Returns the number of examples predicted as a class.
    ///
    /// - Parameter prediction: The class.
    /// - Returns: Their number.
    public func predicted(as prediction: Int) -> Int { predicted[prediction] }
}
