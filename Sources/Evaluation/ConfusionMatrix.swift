/// How often each class was taken for each.
public struct ConfusionMatrix: Sendable, Equatable {
    /// The number of classes.
    public let classCount: Int
    private var counts: [Int]

    /// Counts pairs of prediction and truth.
    ///
    /// - Parameters:
    ///   - predictions: Class ids below `classCount`.
    ///   - labels: The true ids, as many.
    ///   - classCount: The number of classes, met or not.
    public init(predictions: [Int], labels: [Int], classCount: Int) {
        precondition(predictions.count == labels.count, "a prediction for each label")
        self.init(
            cells: zip(predictions, labels).map { $1 * classCount + $0 },
            weights: nil,
            classCount: classCount
        )
    }

    /// Counts cells, `label * classCount + prediction`, each as often as its weight says.
    init(cells: [Int], weights: [Int32]?, classCount: Int) {
        self.classCount = classCount
        counts = [Int](repeating: 0, count: classCount * classCount)
        for (index, cell) in cells.enumerated() { counts[cell] += Int(weights?[index] ?? 1) }
    }

    /// How many examples of one class were taken for another.
    ///
    /// - Parameters:
    ///   - label: The true class.
    ///   - prediction: What it was taken for.
    public subscript(label: Int, prediction: Int) -> Int { counts[label * classCount + prediction] }

    /// All examples.
    public var total: Int { counts.reduce(0, +) }

    /// Examples classified rightly.
    public var correct: Int { (0..<classCount).reduce(0) { $0 + self[$1, $1] } }

    /// Examples of a class.
    ///
    /// - Parameter label: The class.
    /// - Returns: Their number.
    public func support(of label: Int) -> Int { (0..<classCount).reduce(0) { $0 + self[label, $1] } }

    /// Examples taken for a class.
    ///
    /// - Parameter prediction: The class.
    /// - Returns: Their number.
    public func predicted(as prediction: Int) -> Int {
        (0..<classCount).reduce(0) { $0 + self[$1, prediction] }
    }
}
