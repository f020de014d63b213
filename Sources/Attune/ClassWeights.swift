public import Datasets
public import NN

/// How much each class counts in the loss.
public enum ClassWeights: Sendable, Equatable {
    /// All examples alike.
    case equal
    /// Inversely to the class's share of the training data: n / (classes · examples of the class); where a text may have
    /// several labels, the examples without a label to those with it.
    ///
    /// Source: scikit-learn's `compute_class_weight("balanced")`; `pos_weight` of `torch.nn.BCEWithLogitsLoss`.
    case balanced
    /// A weight by label name.
    case named([String: Double])

    /// Reads `balanced` or `J=0.6,P=0.4`; nil where it is neither.
    ///
    /// - Parameter text: As typed.
    public init?(_ text: String) {
        if text == "balanced" {
            self = .balanced
            return
        }
        var weights: [String: Double] = [:]
        for part in text.split(separator: ",") {
            // Labels may hold "=" themselves; the number is what follows the last one.
            guard let equals = part.lastIndex(of: "="),
                let weight = Double(part[part.index(after: equals)...]), weight > 0
            else { return nil }
            weights[String(part[..<equals])] = weight
        }
        guard !weights.isEmpty else { return nil }
        self = .named(weights)
    }

    /// A weight per id.
    ///
    /// - Parameters:
    ///   - labels: Names by id.
    ///   - targets: The training data's.
    /// - Returns: Nil for ``equal``.
    /// - Throws: `DatasetError` where a named weight names no label, a label has none, or the targets are numbers.
    public func values(labels: [String], targets: Targets) throws(DatasetError) -> [Float]? {
        if self != .equal, case .numbers = targets {
            throw DatasetError(
                .badData,
                "--class-weights is for classes, and a regression has none; leave it out"
            )
        }
        switch self {
        case .equal: return nil
        case .balanced:
            var counts = [Int](repeating: 0, count: labels.count)
            let n = targets.count
            switch targets {
            case .numbers: return nil
            case .classes(let ids):
                for id in ids { counts[id] += 1 }
                return counts.map { $0 == 0 ? 0 : Float(Double(n) / Double(labels.count * $0)) }
            case .labelSets(let sets):
                for id in sets.joined() { counts[id] += 1 }
                // Of a label that all have, or none, there is nothing to balance.
                return counts.map { $0 == 0 || $0 == n ? 1 : Float(Double(n - $0) / Double($0)) }
            }
        case .named(let weights):
            let listed = labels.map { "\"\($0)\"" }.joined(separator: ", ")
            if let unknown = weights.keys.sorted().first(where: { !labels.contains($0) }) {
                throw DatasetError(
                    .badData,
                    "--class-weights names \"\(unknown)\", and the labels are \(listed)"
                )
            }
            if let missing = labels.first(where: { weights[$0] == nil }) {
                throw DatasetError(
                    .badData,
                    "--class-weights gives no weight for \"\(missing)\"; the labels are \(listed)"
                )
            }
            return labels.map { Float(weights[$0] ?? 1) }
        }
    }
}
