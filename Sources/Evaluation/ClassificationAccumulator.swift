import Foundation

/// Accumulates a classifier's logits batch by batch and computes the metrics.
///
/// Memory is linear in examples and in classes. Scores are kept only for classes that occur, and not at all if there are too
/// many. Then the areas under curves are left out.
///
/// ```swift
/// var accumulator = ClassificationAccumulator(labels: [2, 0], classCount: 3)
/// accumulator.add(logits: [0.1, 0.2, 1.5, 0.9, 0.3, 0.2])
/// accumulator.metrics().accuracy  // 1
/// ```
public struct ClassificationAccumulator: Sendable {
    private let labels: [Int]
    private let classCount: Int
    private let members: ClassMembers
    /// Nil if there are too many scores.
    private var columns: ScoreColumns?
    private let uncompared: Int?
    private var examples: [ScoredExample] = []
    private var areFinite = true
    private var row: [Double]

    /// Creates an accumulator for examples that follow.
    ///
    /// - Parameters:
    ///   - labels: The true ids of all examples, less than `classCount`.
    ///   - classCount: The number of classes, whether or not they occur.
    public init(labels: [Int], classCount: Int) {
        self.init(labels: labels, classCount: classCount, .softmax)
    }

    init(
        labels: [Int],
        classCount: Int,
        _ kind: ScoreColumns.Kind,
        keepingAtMost limit: Int = ScoreColumns.most
    ) {
        (self.labels, self.classCount) = (labels, classCount)
        // With two classes, the scores of the second one are sufficient.
        members = ClassMembers(
            labels.lazy.map(CollectionOfOne.init),
            classCount: classCount,
            of: classCount == 2 ? 1..<2 : 0..<classCount
        )
        let count = members.classes.count * labels.count
        columns = count <= limit ? ScoreColumns(members.classes, count: labels.count, kind) : nil
        uncompared = count <= limit ? nil : count
        row = [Double](repeating: 0, count: classCount)
        examples.reserveCapacity(labels.count)
    }

    /// Whether the areas under curves are left out because there are too many scores.
    public var leavesOutAreas: Bool { uncompared != nil }

    /// Adds the next examples.
    ///
    /// - Parameter logits: The logits `[B · K]`, row by row. The largest logit is the prediction, the first if equal.
    public mutating func add(logits: [Float]) {
        precondition(logits.count.isMultiple(of: classCount), "a logit per class")
        logits.withUnsafeBufferPointer { logits in
            for start in stride(from: 0, to: logits.count, by: classCount) {
                add(UnsafeBufferPointer(rebasing: logits[start..<start + classCount]))
            }
        }
    }

    private mutating func add(_ logits: UnsafeBufferPointer<Float>) {
        let label = labels[examples.count]
        var best = 0
        for id in logits.indices {
            if logits[best] < logits[id] { best = id }
            if !logits[id].isFinite { areFinite = false }
        }
        let (highest, total) = (logits[best], softmax(logits, into: &row, highest: logits[best]))
        let example = row.withUnsafeBufferPointer { ScoredExample($0, label: label, prediction: best) }
        examples.append(example)
        columns?.add(logits, highest: highest, total: total)
    }

    /// Adds the next example.
    ///
    /// - Parameters:
    ///   - probabilities: One per class.
    ///   - prediction: The predicted class.
    mutating func add(probabilities: [Double], prediction: Int) {
        let label = labels[examples.count]
        if !probabilities.allSatisfy(\.isFinite) { areFinite = false }
        examples.append(
            probabilities.withUnsafeBufferPointer { ScoredExample($0, label: label, prediction: prediction) }
        )
        columns?.add(probabilities: probabilities)
    }

    /// Computes the metrics, after all examples were added.
    ///
    /// - Parameter withIntervals: Whether to compute 95 % intervals.
    /// - Returns: The metrics, without probability metrics if a logit is NaN or infinite.
    public func metrics(withIntervals: Bool = false) -> ClassificationMetrics {
        precondition(examples.count == labels.count, "all examples")
        let confusion = ConfusionMatrix(
            predictions: examples.map(\.prediction),
            labels: labels,
            classCount: classCount
        )
        let scored =
            areFinite
            ? ScoredExamples(
                examples,
                labels: labels,
                areas: columns.map { MeanAreas($0, members, count: labels.count) },
                uncompared: uncompared,
                classCount: classCount
            ) : nil
        return ClassificationMetrics(confusion, scored, withIntervals: withIntervals)
    }
}

/// Turns logits into probabilities.
///
/// - Parameters:
///   - logits: The logits.
///   - row: Receives as many probabilities.
///   - highest: The largest logit.
/// - Returns: The sum of the exponentials of the differences from the largest logit.
private func softmax(
    _ logits: UnsafeBufferPointer<Float>,
    into row: inout [Double],
    highest: Float
) -> Double {
    row.withUnsafeMutableBufferPointer { row in
        var total = 0.0
        for id in logits.indices {
            row[id] = exp(Double(logits[id] - highest))
            total += row[id]
        }
        for id in logits.indices { row[id] /= total }
        return total
    }
}
