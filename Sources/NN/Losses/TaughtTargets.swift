/// Targets of knowledge distillation: a teacher's logits for every example, and labels for some of them.
public struct TaughtTargets: Sendable, Equatable {
    /// The teacher's logits `[count][width]`, row by row.
    public let logits: [Float]
    /// The number of the teacher's labels; 1 for a regression.
    public let width: Int
    /// The labels; examples without one have a placeholder of the same kind.
    public let labels: Targets
    /// Whether each example has a label.
    public let isLabelled: [Bool]

    /// Creates targets.
    ///
    /// - Parameters:
    ///   - logits: The teacher's logits, row by row; nil takes zeros, to be replaced by ``replacing(logits:)``.
    ///   - width: The number of the teacher's labels.
    ///   - labels: One label per example, of a kind without a teacher; any valid one for an example that has none.
    ///   - isLabelled: Whether each example has a label.
    public init(logits: [Float]? = nil, width: Int, labels: Targets, isLabelled: [Bool]) {
        precondition(labels.count == isLabelled.count, "there must be one label per example")
        self.logits = logits ?? [Float](repeating: 0, count: isLabelled.count * width)
        precondition(
            self.logits.count == isLabelled.count * width,
            "there must be one row of logits per example"
        )
        (self.width, self.labels, self.isLabelled) = (width, labels, isLabelled)
    }

    /// The number of examples.
    public var count: Int { isLabelled.count }

    /// The indices of the examples with a label.
    public var labelled: [Int] { isLabelled.indices.filter { isLabelled[$0] } }

    /// The same targets with other logits.
    ///
    /// - Parameter logits: The teacher's logits, row by row.
    /// - Returns: The targets.
    public func replacing(logits: [Float]) -> TaughtTargets {
        TaughtTargets(logits: logits, width: width, labels: labels, isLabelled: isLabelled)
    }

    /// Returns the targets of some examples, in the given order.
    ///
    /// - Parameter indices: Indices of the examples.
    /// - Returns: One target per index.
    public func selecting(_ indices: some Collection<Int>) -> TaughtTargets {
        TaughtTargets(
            logits: indices.flatMap { logits[$0 * width..<($0 + 1) * width] },
            width: width,
            labels: labels.selecting(indices),
            isLabelled: indices.map { isLabelled[$0] }
        )
    }
}
