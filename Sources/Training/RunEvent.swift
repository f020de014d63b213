public import Evaluation
public import Foundation
public import Torch

/// An event of a run, for the console, files and reports.
public enum RunEvent: Sendable {
    /// The schedule is known and the first step begins.
    case started(RunSchedule)
    /// An optimizer step is done.
    case step(StepRecord)
    /// A row was added to the log.
    case logged(LogRecord)
    /// Part of an evaluation is done.
    case evaluating(done: Int, of: Int)
    /// An evaluation is done.
    case evaluated(EvaluationRecord)
    /// A checkpoint folder is complete.
    case saved(URL)
    /// Training is over, and the classifier has the weights of its best evaluation.
    case loadedBest(step: Int, metric: String, value: Double)
}

/// The sizes of a run, and notes on resuming.
public struct RunSchedule: Sendable, Equatable {
    /// The number of training examples.
    public var examples: Int
    /// The number of tokens of the training examples.
    public var tokens: Int
    /// The maximum number of examples per step.
    public var effectiveBatchSize: Int
    /// The number of steps per epoch.
    public var stepsPerEpoch: Int
    /// The number of steps of the run.
    public var totalSteps: Int
    /// The number of steps already taken by the resumed run.
    public var firstStep: Int
    /// The step count planned when the checkpoint was saved, if it differs now.
    public var formerTotalSteps: Int?
    /// The number of trained weights.
    public var trainableWeights: Int
    /// Settings that were changed on resuming, now and earlier, oldest first.
    public var changes: [SettingChange] = []
    /// Settings that the checkpoint does not record, so that changes cannot be detected, by their names in recipes.
    public var unchecked: [String] = []
    /// Whether the checkpoint's best evaluation is forgotten, because it used another loss.
    public var forgetsBest = false
    /// The product routes of the checkpoint's run, if the model was loaded with others.
    ///
    /// They are kept, so that the resumed run gives the same results.
    public var keptRoutes: ProductRoutes?

    package init(
        examples: Int,
        tokens: Int,
        effectiveBatchSize: Int,
        stepsPerEpoch: Int,
        totalSteps: Int,
        firstStep: Int,
        formerTotalSteps: Int? = nil,
        trainableWeights: Int
    ) {
        (self.examples, self.tokens) = (examples, tokens)
        (self.effectiveBatchSize, self.stepsPerEpoch) = (effectiveBatchSize, stepsPerEpoch)
        (self.totalSteps, self.firstStep) = (totalSteps, firstStep)
        (self.formerTotalSteps, self.trainableWeights) = (formerTotalSteps, trainableWeights)
    }
}

/// A setting that was changed when a run was resumed.
public struct SettingChange: Sendable, Equatable {
    /// The number of steps taken before the change.
    public let step: Int
    /// The setting's name in recipes, such as `learning_rate`.
    public let setting: String
    /// The former value.
    public let before: String
    /// The new value.
    public let now: String
}

/// One optimizer step.
public struct StepRecord: Sendable, Equatable {
    /// The number of the step, from 1.
    public var step: Int
    /// The number of steps of the run.
    public var totalSteps: Int
    /// The number of epochs so far.
    public var epoch: Double
    /// The mean loss of the step's examples, in nats.
    public var loss: Double
    /// The gradients' L2 norm before clipping.
    public var gradientNorm: Double
    /// The learning rate of the step.
    public var learningRate: Double
    /// The number of examples in the step.
    public var examples: Int

    package init(
        step: Int,
        totalSteps: Int,
        epoch: Double,
        loss: Double,
        gradientNorm: Double,
        learningRate: Double,
        examples: Int
    ) {
        (self.step, self.totalSteps, self.epoch) = (step, totalSteps, epoch)
        (self.loss, self.gradientNorm) = (loss, gradientNorm)
        (self.learningRate, self.examples) = (learningRate, examples)
    }
}

/// A row of the log, with means since the previous row.
public struct LogRecord: Sendable, Equatable {
    /// The step after which it was recorded.
    public var step: Int
    /// The number of epochs so far.
    public var epoch: Double
    /// The mean loss of the steps since the last row.
    public var loss: Double
    /// The last step's gradient norm.
    public var gradientNorm: Double
    /// The last step's learning rate.
    public var learningRate: Double

    package init(step: Int, epoch: Double, loss: Double, gradientNorm: Double, learningRate: Double) {
        (self.step, self.epoch, self.loss) = (step, epoch, loss)
        (self.gradientNorm, self.learningRate) = (gradientNorm, learningRate)
    }
}

/// The result of an evaluation.
public struct EvaluationRecord: Sendable, Equatable {
    /// The step after which it was recorded.
    public var step: Int
    /// The number of epochs so far.
    public var epoch: Double
    /// The mean training loss of the examples, with class weights, smoothing and focal term: Σ w·l / Σ w.
    ///
    /// The plain loss is `log_loss` in ``metrics``; for a regression `mse`.
    public var loss: Double
    /// The difference of ``loss`` from the plain loss, such as `weighted, smoothing 0.1`; nil if there is none.
    public var lossNote: String?
    /// All metrics.
    public var metrics: EvaluationMetrics
    /// Custom metrics.
    public var customMetrics: [NamedValue] = []
    /// The effect of the classifier's decisions; nil without decisions.
    public var decisions: DecisionEffect?
    /// The duration in seconds.
    public var runtime: Double
    /// The metric that selects the best model, if the run selects one.
    public var selection: NamedValue?
    /// The logits `[N · K]`, row by row, of an evaluation with intervals; nil if they are more than 16 MB.
    public var logits: [Float]?

    /// ``loss`` as text, such as `0.8840 (weighted, smoothing 0.1)`.
    public var lossText: String { String(format: "%.4f", loss) + (lossNote.map { " (\($0))" } ?? "") }

    /// The few metrics to show in a line: ``EvaluationMetrics/headline``, and the metric that selects the best model.
    public var headline: [(name: String, value: Double)] {
        guard let selection else { return metrics.headline }
        let name = String(selection.name.trimmingPrefix("eval_"))
        let isShown = name == "loss" || metrics.headlineNames.contains(name)
        return metrics.headline + (isShown ? [] : [(name, selection.value)])
    }

    /// Every metric under transformers' name with a prefix, such as `eval_loss`.
    ///
    /// - Parameter prefix: `eval` or `test`.
    /// - Returns: The names and values.
    public func values(prefix: String = "eval") -> [(name: String, value: Double)] {
        let examples = Double(metrics.count)
        return [(name: "\(prefix)_loss", value: loss)]
            + metrics.values.map { (name: "\(prefix)_\($0.name)", value: $0.value) }
            + customMetrics.map { (name: "\(prefix)_\($0.name)", value: $0.value) }
            + [
                (name: "\(prefix)_runtime", value: runtime),
                (name: "\(prefix)_samples_per_second", value: runtime > 0 ? examples / runtime : 0),
            ]
    }
}
