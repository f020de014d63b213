public import Datasets
import Foundation
public import NN
import Training

/// How much each class counts in the loss.
public enum ClassWeights: Sendable, Equatable {
    /// All examples alike.
    case equal
    /// Inversely to the class's share of the training data: n / (classes · examples of the class); where a text may have
    /// several labels, the examples without a label to those with it.
    ///
    /// Source: scikit-learn's `compute_class_weight("balanced")`; `pos_weight` of `torch.nn.BCEWithLogitsLoss`.
    case balanced
    /// Inversely to the effective number of the class's examples, (1 - β^n) / (1 - β), with a mean of 1: between equal
    /// (β = 0) and balanced (β → 1).
    ///
    /// Source: Cui et al. 2019, "Class-balanced loss based on effective number of samples".
    case effectiveNumber(beta: Double)
    /// A weight by label name.
    case named([String: Double])

    /// Reads `balanced`, `effective-number`, `effective-number=0.999` or `J=0.6,P=0.4`; nil where it is none of these.
    ///
    /// - Parameter text: As typed.
    public init?(_ text: String) {
        if text == "balanced" {
            self = .balanced
            return
        }
        if text == "effective-number" {
            self = .effectiveNumber(beta: 0.9999)
            return
        }
        if text.hasPrefix("effective-number="), let beta = Double(text.dropFirst("effective-number=".count)) {
            guard (0..<1).contains(beta) else { return nil }
            self = .effectiveNumber(beta: beta)
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
        if let fault = targets.firstFault(labelCount: labels.count) {
            throw DatasetError(.badData, "training example \(fault.example) \(fault.what)")
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
        case .effectiveNumber(let beta): return Self.effective(beta, labelCount: labels.count, targets)
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

    private static func effective(_ beta: Double, labelCount: Int, _ targets: Targets) -> [Float]? {
        func number(_ count: Int) -> Double { (1 - pow(beta, Double(count))) / (1 - beta) }
        var counts = [Int](repeating: 0, count: labelCount)
        switch targets {
        case .numbers: return nil
        case .classes(let ids):
            for id in ids { counts[id] += 1 }
            let weights = counts.map { $0 == 0 ? 0 : 1 / number($0) }
            let mean = weights.reduce(0, +) / Double(max(labelCount, 1))
            return weights.map { Float($0 / max(mean, .leastNormalMagnitude)) }
        case .labelSets(let sets):
            for id in sets.joined() { counts[id] += 1 }
            // What a label counts where it holds against where it does not.
            return counts.map {
                $0 == 0 || $0 == sets.count ? 1 : Float(number(sets.count - $0) / number($0))
            }
        }
    }
}
