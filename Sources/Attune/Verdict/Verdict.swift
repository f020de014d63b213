import Evaluation
import Foundation
import Training

/// A plain statement about a trained model: whether it is any good, and the next thing to try.
///
/// It follows from the numbers of the run by the rules of this type; nothing is guessed.
public struct Verdict: Sendable, Equatable {
    /// The quality of a model.
    public enum Quality: Sendable, Equatable {
        /// The loss rose instead of falling.
        case diverged(loss: Double)
        /// There are too few evaluation examples for any statement.
        case tooFewExamples(Int)
        /// The model has learned nothing that a constant answer has not.
        case noBetterThanConstant(Comparison)
        /// It may be better than a constant answer, but chance can explain the difference.
        case unclear(Comparison)
        /// It is better than a constant answer.
        case better(Comparison)
    }

    /// A metric of the model, and of always giving the same answer.
    public struct Comparison: Sendable, Equatable {
        /// The metric's name for people: `accuracy`.
        public var metric: String
        /// Its value for the model.
        public var value: Double
        /// Its value for the constant answer.
        public var constant: Double
        /// The constant answer.
        public var answer: String
    }

    /// An observation that suggests a next step.
    public enum Sign: Sendable, Equatable {
        /// Labels with examples that the model never predicts.
        case neverPredicted([String])
        /// The evaluation loss has risen since this step, while the training loss fell.
        case overfitting(sinceStep: Int)
        /// The loss was still falling at the end.
        case stillImproving
    }

    /// Whether the model is any good.
    public let quality: Quality
    /// An observation that suggests a next step, if there is one.
    public let sign: Sign?
    /// Both in one line, with settings by their flags: `--num-train-epochs 6`.
    public internal(set) var text: String

    /// Fewer evaluation examples prove nothing: of 30, chance alone moves the accuracy by up to 0.18.
    static let fewestExamples = 30
    /// From here on one clear result counts: of 20 texts, Wilson's interval of the accuracy is still right.
    private static let fewestClearExamples = 20

    /// Judges a run; nil without an evaluation, unless the run diverged.
    ///
    /// - Parameters:
    ///   - evaluation: The evaluation of the model; nil if nothing was held out.
    ///   - curve: The losses of the run.
    ///   - labels: The label names by id.
    ///   - arguments: The arguments of the run.
    ///   - usesClassWeights: Whether the classes were weighted.
    init?(
        _ evaluation: EvaluationRecord?,
        _ curve: TrainingCurve,
        labels: [String],
        _ arguments: TrainingArguments,
        usesClassWeights: Bool
    ) {
        if let loss = Self.divergedLoss(curve, guessing: evaluation.map { Self.lossOfGuessing($0.metrics) }) {
            quality = .diverged(loss: loss)
            sign = nil
        } else if let evaluation {
            quality = Self.quality(evaluation.metrics, labels)
            sign = Self.sign(evaluation.metrics, curve, labels, keepsBest: arguments.loadBestModelAtEnd)
        } else {
            return nil
        }
        text = ""
        let advice = VerdictAdvice(arguments: arguments, usesClassWeights: usesClassWeights)
        text = [sentence, advice.sentence(for: self)].compactMap { $0 }.joined(separator: " ")
    }

    // MARK: Rules

    /// The last training loss, if training diverged: it is NaN or infinite, far above that of guessing, or above that of guessing
    /// and twice what it was at first.
    ///
    /// Without an evaluation it must be ten times what it was, because the loss of guessing is not known.
    private static func divergedLoss(_ curve: TrainingCurve, guessing: Double?) -> Double? {
        guard let first = curve.training.first?.loss, let last = curve.training.last?.loss else { return nil }
        guard last.isFinite else { return last }
        guard let guessing else { return last > 10 * first ? last : nil }
        return last > 3 * guessing || (last > 1.5 * guessing && last > 2 * first) ? last : nil
    }

    /// The loss of a model that has learned nothing: log K for one of K classes, log 2 for each of several labels, the variance of
    /// numbers.
    private static func lossOfGuessing(_ metrics: EvaluationMetrics) -> Double {
        switch metrics {
        case .singleLabel(let metrics): log(Double(max(metrics.confusion.classCount, 2)))
        case .multiLabel: log(2)
        case .regression(let metrics): metrics.meanBaseline * metrics.meanBaseline
        }
    }

    private static func quality(_ metrics: EvaluationMetrics, _ labels: [String]) -> Quality {
        guard metrics.count >= fewestExamples else {
            if case .singleLabel(let own) = metrics, metrics.count >= fewestClearExamples,
                own.accuracyInterval.lowerBound > own.majorityBaseline
            {
                return quality(own, labels)
            }
            return .tooFewExamples(metrics.count)
        }
        switch metrics {
        case .singleLabel(let metrics): return quality(metrics, labels)
        case .multiLabel(let metrics): return quality(metrics, labels)
        case .regression(let metrics): return quality(metrics)
        }
    }

    private static func quality(_ metrics: ClassificationMetrics, _ labels: [String]) -> Quality {
        let largest = metrics.perClass.indices.max {
            metrics.perClass[$0].support < metrics.perClass[$1].support
        }
        let answer = name(largest, labels)
        let accuracy = Comparison(
            metric: "accuracy",
            value: metrics.accuracy,
            constant: metrics.majorityBaseline,
            answer: answer
        )
        if metrics.accuracyInterval.lowerBound > accuracy.constant { return .better(accuracy) }
        // If one class is most of the data, a model that finds the others may be right less often. A constant answer finds all
        // examples of one class and none of the others.
        let present = Double(max(metrics.perClass.count { $0.support > 0 }, 2))
        let balanced = Comparison(
            metric: "balanced accuracy",
            value: metrics.balancedAccuracy,
            constant: 1 / present,
            answer: answer
        )
        if (balanced.value - balanced.constant) / (1 - balanced.constant) < 0.1 {
            return .noBetterThanConstant(accuracy)
        }
        if let interval = metrics.intervals["balanced_accuracy"], interval.lowerBound > balanced.constant {
            return .better(balanced)
        }
        return .unclear(accuracy.value > accuracy.constant ? accuracy : balanced)
    }

    private static func quality(_ metrics: MultiLabelMetrics, _ labels: [String]) -> Quality {
        let supports = metrics.perLabel.map(\.support)
        let largest = supports.indices.max { supports[$0] < supports[$1] }
        let most = Double(supports.max() ?? 0)
        let decisions = Double(metrics.count + supports.reduce(0, +))
        let comparison = Comparison(
            metric: "micro F1",
            value: metrics.averaged(\.f1, .micro),
            constant: decisions > 0 ? 2 * most / decisions : 0,
            answer: name(largest, labels)
        )
        if comparison.value <= comparison.constant { return .noBetterThanConstant(comparison) }
        let interval = metrics.intervals["f1_micro"]
        return (interval?.lowerBound ?? comparison.value) > comparison.constant
            ? .better(comparison) : .unclear(comparison)
    }

    private static func quality(_ metrics: RegressionMetrics) -> Quality {
        let comparison = Comparison(
            metric: "R²",
            value: metrics.rSquared,
            constant: 0,
            answer: "the mean"
        )
        if metrics.rSquared <= 0 { return .noBetterThanConstant(comparison) }
        return (metrics.intervals["r2"]?.lowerBound ?? metrics.rSquared) > 0
            ? .better(comparison) : .unclear(comparison)
    }

    private static func name(_ id: Int?, _ labels: [String]) -> String {
        id.map { labels.indices.contains($0) ? labels[$0] : "\($0)" } ?? ""
    }

    private static func sign(
        _ metrics: EvaluationMetrics,
        _ curve: TrainingCurve,
        _ labels: [String],
        keepsBest: Bool
    ) -> Sign? {
        let ignored = neverPredicted(metrics)
        if !ignored.isEmpty { return .neverPredicted(ignored.map { name($0, labels) }) }
        if !keepsBest, let step = overfittingSince(curve) { return .overfitting(sinceStep: step) }
        // A longer run cannot improve answers that are all right.
        return !isPerfect(metrics) && isStillImproving(curve) ? .stillImproving : nil
    }

    private static func isPerfect(_ metrics: EvaluationMetrics) -> Bool {
        switch metrics {
        case .singleLabel(let metrics): metrics.accuracy == 1
        case .multiLabel(let metrics): metrics.averaged(\.f1, .micro) == 1
        case .regression: false
        }
    }

    /// The labels with at least three examples of which not one is found.
    private static func neverPredicted(_ metrics: EvaluationMetrics) -> [Int] {
        switch metrics {
        case .singleLabel(let metrics):
            metrics.perClass.indices.filter {
                metrics.perClass[$0].support >= 3 && metrics.confusion.predicted(as: $0) == 0
            }
        case .multiLabel(let metrics):
            metrics.perLabel.indices.filter {
                metrics.perLabel[$0].support >= 3 && metrics.perLabel[$0].recall == 0
            }
        case .regression: []
        }
    }

    /// The step of the best evaluation, if at least two later ones are all worse by a tenth, and training continued to improve.
    private static func overfittingSince(_ curve: TrainingCurve) -> Int? {
        guard let best = curve.evaluation.min(by: { $0.loss < $1.loss }) else { return nil }
        let later = curve.evaluation.filter { $0.step > best.step }
        guard later.count >= 2, later.allSatisfy({ $0.loss > 1.1 * best.loss }) else { return nil }
        let before = curve.training.last { $0.step <= best.step }?.loss
        guard let last = curve.training.last?.loss, last < before ?? .infinity else { return nil }
        return best.step
    }

    /// Whether the last evaluation is the best by 2 %, or, without evaluations, the last quarter of training by a tenth.
    private static func isStillImproving(_ curve: TrainingCurve) -> Bool {
        let losses = curve.evaluation.map(\.loss)
        if losses.count > 1, let last = losses.last, let before = losses.dropLast().min() {
            return last < 0.98 * before
        }
        let training = curve.training.map(\.loss)
        guard training.count >= 8 else { return false }
        func mean(_ part: ArraySlice<Double>) -> Double { part.reduce(0, +) / Double(part.count) }
        let quarter = training.count / 4
        return mean(training.suffix(quarter)) < 0.9 * mean(training.dropLast(quarter).suffix(quarter))
    }
}
