public import Datasets
import Files
import Foundation
public import NN
import Training

/// The weights of the classes in the loss.
public enum ClassWeights: Sendable, Equatable {
    /// All examples have the same weight.
    case equal
    /// Inversely proportional to the class's share of the training data: n / (classes · examples of the class).
    ///
    /// For multi-label, the number of examples without the label divided by the number with it.
    ///
    /// Source: scikit-learn's `compute_class_weight("balanced")`; `pos_weight` of `torch.nn.BCEWithLogitsLoss`.
    case balanced
    /// Inversely proportional to the effective number of the class's examples, (1 - β^n) / (1 - β), with a mean of 1.
    ///
    /// This lies between equal (β = 0) and balanced (β → 1).
    ///
    /// Source: Cui et al. 2019, "Class-balanced loss based on effective number of samples".
    case effectiveNumber(beta: Double)
    /// Weights by label name.
    case named([String: Double])

    /// Reads `balanced`, `effective-number`, `effective-number=0.999` or `J=0.6,P=0.4`; nil if it is none of these.
    ///
    /// - Parameter text: The text as typed.
    public init?(_ text: String) { try? self.init(typed: [text]) }

    /// Reads the values of a flag that may be given several times.
    ///
    /// - Parameter values: One of `balanced`, `effective-number`, `effective-number=0.999` or a list such as
    ///   `J=0.6,"C, C++"=0.4`, with names with commas in quotes; or several values of one class each, such as `C, C++=0.4`.
    /// - Throws: `TrainingError` with code `.badArgument` for anything else, or if a class has two weights.
    public init(typed values: [String]) throws(TrainingError) {
        if values == ["balanced"] {
            self = .balanced
            return
        }
        if values.count == 1, values[0] == "effective-number" || values[0].hasPrefix("effective-number=") {
            let beta =
                values[0].contains("=") ? Double(values[0].dropFirst("effective-number=".count)) : 0.9999
            guard let beta, (0..<1).contains(beta) else {
                throw TrainingError(
                    .badArgument,
                    "--class-weights \(values[0]): BETA must be at least 0 and below 1, such as 0.999"
                )
            }
            self = .effectiveNumber(beta: beta)
            return
        }
        var weights: [String: Double] = [:]
        for pair in try Self.pairs(typed: values) {
            guard let weight = Double(pair.weight), weight > 0, weight.isFinite else {
                throw TrainingError(
                    .badArgument,
                    "--class-weights gives \"\(pair.name)\" the weight \(pair.weight); a weight must be a finite number above 0"
                )
            }
            guard weights.updateValue(weight, forKey: pair.name) == nil else {
                throw TrainingError(
                    .badArgument,
                    "--class-weights gives \"\(pair.name)\" two weights; leave one of them out"
                )
            }
        }
        self = .named(weights)
    }

    /// The classes and their weights, in the order typed.
    ///
    /// - Parameter values: The NAME=WEIGHT values of ``init(typed:)``.
    /// - Returns: Names without quotes, and weights as text.
    /// - Throws: `TrainingError` with code `.badArgument` for anything but NAME=WEIGHT.
    package static func pairs(
        typed values: [String]
    ) throws(TrainingError) -> [(name: String, weight: String)] {
        if values.count == 1 {
            let parts = quotedParts(of: values[0])
            let pairs = parts.map(pair)
            if !pairs.isEmpty, pairs.allSatisfy({ $0 != nil }) { return pairs.compactMap { $0 } }
            // A comma may be part of the name, but not after a word that stands for all classes.
            if parts.contains(where: { $0 == "balanced" || $0.hasPrefix("effective-number") }) {
                throw TrainingError(
                    .badArgument,
                    "--class-weights takes either balanced, effective-number[=BETA] or NAME=WEIGHT for each class, not "
                        + "\"\(values[0])\""
                )
            }
        }
        return try values.map { (value) throws(TrainingError) in
            if let pair = pair(value) { return pair }
            throw TrainingError(
                .badArgument,
                "--class-weights takes balanced, effective-number[=BETA] or NAME=WEIGHT, not \"\(value)\"; "
                    + "quote names with commas, or give each class its own --class-weights"
            )
        }
    }

    private static func pair(_ text: String) -> (name: String, weight: String)? {
        // Labels may contain "="; the weight follows the last one.
        guard let equals = text.lastIndex(of: "=") else { return nil }
        let weight = text[text.index(after: equals)...].filter { !$0.isWhitespace }
        return Double(weight) == nil ? nil : (unquoted(String(text[..<equals])), weight)
    }

    /// The weights by label id.
    ///
    /// - Parameters:
    ///   - labels: The label names by id.
    ///   - targets: The targets of the training data.
    /// - Returns: One weight per label; nil for ``equal``.
    /// - Throws: `DatasetError` if a name is unknown, a label has no weight, or the targets are numbers.
    public func values(labels: [String], targets: Targets) throws(DatasetError) -> [Float]? {
        if case .taught(let taught) = targets {
            let labelled = taught.labels.selecting(taught.labelled)
            guard self == .equal || labelled.count > 0 else {
                throw DatasetError(.badData, "--class-weights needs labels, and no row has one; leave it out")
            }
            return try values(labels: labels, targets: labelled)
        }
        if self != .equal, case .numbers = targets {
            throw DatasetError(
                .badData,
                "--class-weights needs classes, and a regression has none; leave it out"
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
            case .numbers, .taught: return nil
            case .classes(let ids):
                for id in ids { counts[id] += 1 }
                return counts.map { $0 == 0 ? 0 : Float(Double(n) / Double(labels.count * $0)) }
            case .labelSets(let sets):
                for id in sets.joined() { counts[id] += 1 }
                // A label that every example has, or none has, cannot be balanced.
                return counts.map { $0 == 0 || $0 == n ? 1 : Float(Double(n - $0) / Double($0)) }
            }
        case .effectiveNumber(let beta): return Self.effective(beta, labelCount: labels.count, targets)
        case .named(let given):
            let known = Set(labels)
            var listed: String {
                let shown = labels.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ")
                return labels.count > 12 ? "\(shown), … (\(grouped(labels.count)) in all)" : shown
            }
            // The quotes may be part of the label.
            let weights = Dictionary(
                given.map { name, weight in
                    (known.contains(name) || !known.contains("\"\(name)\"") ? name : "\"\(name)\"", weight)
                }
            ) { first, _ in first }
            if let unknown = weights.keys.filter({ !known.contains($0) }).min() {
                throw DatasetError(
                    .badData,
                    "--class-weights names the unknown label \"\(unknown)\"; the labels are \(listed)"
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
        case .numbers, .taught: return nil
        case .classes(let ids):
            for id in ids { counts[id] += 1 }
            let weights = counts.map { $0 == 0 ? 0 : 1 / number($0) }
            let mean = weights.reduce(0, +) / Double(max(labelCount, 1))
            return weights.map { Float($0 / max(mean, .leastNormalMagnitude)) }
        case .labelSets(let sets):
            for id in sets.joined() { counts[id] += 1 }
            // The weight of a label's positive examples relative to its negative ones.
            return counts.map {
                $0 == 0 || $0 == sets.count ? 1 : Float(number(sets.count - $0) / number($0))
            }
        }
    }
}
