import Classification
public import Evaluation
import Models
import NN

/// The measured effect of a classifier's decisions on evaluated examples.
public struct DecisionEffect: Sendable, Equatable {
    /// The labels that were given, and those that were not.
    public let answers: AnswerEffect
    /// The coverage and size of conformal sets; nil without sets.
    public let sets: SetEffect?

    /// Creates an effect.
    ///
    /// - Parameters:
    ///   - answers: The labels that were given.
    ///   - sets: The effect of conformal sets; nil without sets.
    public init(answers: AnswerEffect, sets: SetEffect?) {
        self.answers = answers
        self.sets = sets
    }
}

/// Applies a classifier's decisions to an evaluation's logits, batch by batch.
struct DecisionMeter {
    private let decisions: Decisions
    private let truth: ScoredRows.Truth
    private var answers: [[Int]] = []
    private var sets: SetEffect?

    /// Creates a meter; nil for a classifier without decisions, or with those of another problem type.
    ///
    /// - Parameters:
    ///   - classifier: The classifier.
    ///   - targets: The targets of all examples.
    init?(_ classifier: TextClassifier, _ targets: Targets) {
        let targets = targets.ofLabels
        guard let decisions = classifier.decisions, decisions.problemType == targets.problemType else {
            return nil
        }
        self.decisions = decisions
        switch targets {
        case .classes(let ids): truth = .classes(ids)
        case .labelSets(let labels): truth = .labelSets(labels)
        case .numbers, .taught: return nil
        }
        if decisions.sets != nil { sets = SetEffect(width: classifier.labels.count) }
    }

    /// Adds the next examples.
    ///
    /// - Parameter logits: The model's logits `[B · K]`, finite.
    /// - Returns: The calibrated logits, of which metrics are computed.
    mutating func add(_ logits: [Float]) -> [Float] {
        let width = decisions.labels.count
        var calibrated: [Float] = []
        calibrated.reserveCapacity(logits.count)
        for start in stride(from: 0, to: logits.count, by: width) {
            let row = Array(logits[start..<start + width])
            let answer = decisions.answer(row)
            if let set = answer.set, case .classes(let ids) = truth {
                sets?.add(set, truth: ids[answers.count])
            }
            answers.append(answer.labels)
            calibrated += decisions.scaling.map { $0.scaled(row).map { Float($0) } } ?? row
        }
        return calibrated
    }

    /// The effect, after all examples have been added.
    var effect: DecisionEffect {
        DecisionEffect(
            answers: AnswerEffect(answers, truth: truth, width: decisions.labels.count),
            sets: sets
        )
    }
}
