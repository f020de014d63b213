import Foundation
import Training

extension Verdict {
    /// The quality as a sentence.
    var sentence: String {
        func number(_ value: Double) -> String { String(format: "%.3f", value) }
        func against(_ comparison: Comparison) -> String {
            "\(comparison.metric) \(number(comparison.value)) against \(number(comparison.constant))"
        }
        return switch quality {
        case .diverged(let loss): "Diverged: the loss ended at \(String(format: "%.4g", loss))."
        case .tooFewExamples(let count):
            "Too few to tell: the score of \(counted(count, "held-out text")) may be chance."
        case .noBetterThanConstant(let comparison):
            "No good yet: no better than always answering \"\(comparison.answer)\", \(against(comparison))."
        case .unclear(let comparison):
            "Not clearly better than always answering \"\(comparison.answer)\": \(against(comparison)), "
                + "which chance can explain."
        case .better(let comparison):
            "Better than always answering \"\(comparison.answer)\": \(against(comparison))."
        }
    }
}

/// The next thing to try after a run.
struct VerdictAdvice {
    let arguments: TrainingArguments
    let usesClassWeights: Bool

    /// The advice of a verdict; nil if there is nothing to fix.
    func sentence(for verdict: Verdict) -> String? {
        switch verdict.quality {
        case .diverged: return "Try --learning-rate \(shown(arguments.learningRate / 10)), a tenth."
        case .tooFewExamples: return "Label more texts, or hold out more of them with --test-size."
        case .noBetterThanConstant, .unclear, .better: break
        }
        switch verdict.sign {
        case .neverPredicted(let labels): return ignored(labels)
        case .overfitting(let step):
            return
                "Overfitting since step \(step): add --load-best-model-at-end with --eval-strategy epoch and "
                + "--save-strategy epoch, or train less."
        case .stillImproving: return "The loss was still falling: try \(longer)."
        case nil: break
        }
        if case .better = verdict.quality { return nil }
        if case .unclear = verdict.quality { return "Label more texts, or try a larger model." }
        // The step is too small to learn, or the labels do not follow from the texts.
        return arguments.learningRate < 1e-5
            ? "The learning rate is low: try --learning-rate 2e-5."
            : "Try \(longer), or a larger model, and check the labels with `attune data describe`."
    }

    private func ignored(_ labels: [String]) -> String {
        let shown = labels.prefix(3).map { "\"\($0)\"" }.joined(separator: ", ")
        let more = labels.count > 3 ? " and \(labels.count - 3) more" : ""
        let subject = "\(shown)\(more) \(labels.count == 1 ? "is" : "are") never predicted: "
        return subject
            + (usesClassWeights
                ? "add rows of \(labels.count == 1 ? "it" : "them"), or try \(longer)."
                : "try --class-weights balanced.")
    }

    /// Twice the length of the run, as a flag.
    private var longer: String {
        if let steps = arguments.maxSteps { return "--max-steps \(2 * steps)" }
        let epochs = 2 * arguments.numTrainEpochs
        return "--num-train-epochs " + (Int(exactly: epochs).map { "\($0)" } ?? "\(epochs)")
    }

    private func shown(_ rate: Double) -> String { String(format: "%g", rate) }
}
