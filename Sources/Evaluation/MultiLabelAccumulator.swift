import Foundation

/// Accumulates a multi-label classifier's logits batch by batch and computes the metrics.
///
/// Memory is linear in examples and in labels, plus at most one bit per example and label, plus the scores of
/// labels that occur. If there are too many scores, the areas under curves are left out.
public struct MultiLabelAccumulator: Sendable {
    private let labels: [[Int32]]
    private let labelCount: Int
    private let members: ClassMembers
    /// Nil if there are too many scores.
    private var columns: ScoreColumns?
    private let uncompared: Int?
    private var answers: [Answer] = []
    private var counts: [Counts]
    private var losses: [Double] = []
    private var areScored = true

    /// Creates an accumulator for examples that follow.
    ///
    /// - Parameters:
    ///   - labels: The true ids of all examples, less than `labelCount`.
    ///   - labelCount: The number of labels, whether or not they occur.
    public init(labels: [[Int]], labelCount: Int) {
        self.init(labels: labels, labelCount: labelCount, .sigmoid)
    }

    init(
        labels: [[Int]],
        labelCount: Int,
        _ kind: ScoreColumns.Kind,
        keepingAtMost limit: Int = ScoreColumns.most
    ) {
        self.labels = labels.map(Self.sorted)
        self.labelCount = labelCount
        members = ClassMembers(
            self.labels.lazy.map { $0.lazy.map(Int.init) },
            classCount: labelCount,
            of: 0..<labelCount
        )
        let count = members.classes.count * labels.count
        columns = count <= limit ? ScoreColumns(members.classes, count: labels.count, kind) : nil
        uncompared = count <= limit ? nil : count
        counts = [Counts](repeating: Counts(), count: labelCount)
        answers.reserveCapacity(labels.count)
    }

    /// Whether the areas under curves are left out because there are too many scores.
    public var leavesOutAreas: Bool { uncompared != nil }

    /// Adds the next examples.
    ///
    /// - Parameter logits: The logits `[B · K]`, row by row. Labels with a probability above 0.5 are predicted.
    public mutating func add(logits: [Float]) {
        precondition(logits.count.isMultiple(of: labelCount), "a logit per label")
        logits.withUnsafeBufferPointer { logits in
            for start in stride(from: 0, to: logits.count, by: labelCount) {
                let row = UnsafeBufferPointer(rebasing: logits[start..<start + labelCount])
                if !row.allSatisfy(\.isFinite) { areScored = false }
                let scores = row.map { 1 / (1 + exp(-Double($0))) }
                take(scores.indices.filter { scores[$0] > 0.5 }.map(Int32.init), scores)
                columns?.add(row)
            }
        }
    }

    /// Adds the next example.
    ///
    /// - Parameters:
    ///   - given: The predicted ids.
    ///   - probabilities: One per label, if available.
    mutating func add(given: [Int], probabilities: [Double]?) {
        guard let probabilities, probabilities.allSatisfy(\.isFinite) else {
            areScored = false
            return take(Self.sorted(given), [Double]())
        }
        take(Self.sorted(given), probabilities)
        columns?.add(probabilities: probabilities)
    }

    private mutating func take(_ given: [Int32], _ scores: some Collection<Double>) {
        let wanted = labels[answers.count]
        let answer = Answer(given, wanted, labelCount: labelCount)
        answer.forEach { id, isGiven, isWanted in
            if isGiven { counts[id].predicted += 1 }
            if isWanted { counts[id].support += 1 }
            if isGiven, isWanted { counts[id].hits += 1 }
        }
        answers.append(answer)
        losses.append(Self.loss(of: scores, wanted))
    }

    /// The mean negative log probability of the correct decisions.
    private static func loss(of probabilities: some Collection<Double>, _ wanted: [Int32]) -> Double {
        let least = Double.ulpOfOne
        var sum = 0.0
        var next = 0
        for (id, score) in probabilities.enumerated() {
            let isWanted = next < wanted.count && wanted[next] == id
            if isWanted { next += 1 }
            let right = isWanted ? score : 1 - score
            sum -= log(min(max(right, least), 1 - least))
        }
        return ratio(sum, Double(probabilities.count))
    }

    private static func sorted(_ ids: [Int]) -> [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(ids.count)
        for id in ids.sorted() where result.last != Int32(id) { result.append(Int32(id)) }
        return result
    }

    /// Computes the metrics, after all examples were added.
    ///
    /// - Parameter withIntervals: Whether to compute 95 % intervals.
    /// - Returns: The metrics, without probability metrics if a value is NaN or infinite.
    public func metrics(withIntervals: Bool = false) -> MultiLabelMetrics {
        precondition(answers.count == labels.count, "all examples")
        let isScored = areScored && !answers.isEmpty
        return MultiLabelMetrics(
            answers,
            counts,
            losses: isScored ? losses : nil,
            areas: isScored ? columns.map { MeanAreas($0, members, count: labels.count) } : nil,
            uncompared: isScored ? uncompared : nil,
            withIntervals: withIntervals
        )
    }
}
