public import Evaluation
public import Foundation
public import Torch

/// What happens in a run, as it happens.
///
/// Console, files and reports only listen.
public enum RunEvent: Sendable {
    /// All numbers are known and the first step begins.
    case started(RunSchedule)
    /// An optimizer step was taken.
    case step(StepRecord)
    /// A row of the log is due.
    case logged(LogRecord)
    /// Part of an evaluation is done.
    case evaluating(done: Int, of: Int)
    /// An evaluation is done.
    case evaluated(EvaluationRecord)
    /// A checkpoint folder is complete.
    case saved(URL)
    /// Training is over, and the classifier has the weights of its best evaluation again.
    case loadedBest(step: Int, metric: String, value: Double)
}

/// A run's sizes.
public struct RunSchedule: Sendable, Equatable {
    /// Training examples.
    public var examples: Int
    /// Their tokens.
    public var tokens: Int
    /// Examples of a step at the most.
    public var effectiveBatchSize: Int
    /// Optimizer steps of one pass over the data.
    public var stepsPerEpoch: Int
    /// Optimizer steps of the run.
    public var totalSteps: Int
    /// Steps already taken by the run that is resumed.
    public var firstStep: Int
    /// Optimizer steps that the run was to have when it was stopped, where they are others now.
    public var formerTotalSteps: Int?
    /// Weights that are trained.
    public var trainableWeights: Int
    /// Settings that were changed on resuming, this time and before, oldest first.
    public var changes: [SettingChange] = []
    /// Settings of which the checkpoint does not tell whether they are the same, by their names in recipes.
    public var unchecked: [String] = []
    /// Whether the checkpoint's best evaluation was by another loss and is forgotten.
    public var forgetsBest = false
    /// How the checkpoint's run computed its products, if the model was loaded with other routes: they stay, so that the
    /// resumed run gives the same numbers.
    public var keptRoutes: ProductRoutes?
}

/// A setting that a run was resumed with and did not have before.
public struct SettingChange: Sendable, Equatable {
    /// Steps that were taken with the former value.
    public let step: Int
    /// The setting's name in recipes, `learning_rate`.
    public let setting: String
    /// The former value.
    public let before: String
    /// The new value.
    public let now: String
}

/// One optimizer step.
public struct StepRecord: Sendable, Equatable {
    /// Which, from 1.
    public var step: Int
    /// Steps of the run.
    public var totalSteps: Int
    /// Passes over the data so far.
    public var epoch: Double
    /// The mean loss of the step's examples, in nats.
    public var loss: Double
    /// The gradients' L2 norm before clipping.
    public var gradientNorm: Double
    /// The rate the step was taken at.
    public var learningRate: Double
    /// Examples seen in the step.
    public var examples: Int
}

/// A row of the log: the means since the row before.
public struct LogRecord: Sendable, Equatable {
    /// The step it stands after.
    public var step: Int
    /// Passes over the data so far.
    public var epoch: Double
    /// The mean loss of the steps since the last row.
    public var loss: Double
    /// The last step's gradient norm.
    public var gradientNorm: Double
    /// The last step's learning rate.
    public var learningRate: Double
}

/// An evaluation's outcome.
public struct EvaluationRecord: Sendable, Equatable {
    /// The step it stands after.
    public var step: Int
    /// Passes over the data so far.
    public var epoch: Double
    /// The mean loss of the examples as training defines it, with its class weights, smoothing and focus: Σ w·l / Σ w.
    ///
    /// The plain one is `log_loss` among ``metrics``; of numbers it is `mse`.
    public var loss: Double
    /// What distinguishes ``loss`` from the plain one, `weighted, smoothing 0.1`; nil if nothing does.
    public var lossNote: String?
    /// All metrics.
    public var metrics: EvaluationMetrics
    /// Metrics of your own.
    public var customMetrics: [NamedValue] = []
    /// Seconds it took.
    public var runtime: Double
    /// The metric that chooses the best model, in a run that chooses one.
    public var selection: NamedValue?

    /// ``loss`` for a person: `0.8840 (weighted, smoothing 0.1)`.
    public var lossText: String { String(format: "%.4f", loss) + (lossNote.map { " (\($0))" } ?? "") }

    /// The few numbers to show in a line: those of ``EvaluationMetrics/headline``, and the metric that chooses the best
    /// model.
    public var headline: [(name: String, value: Double)] {
        guard let selection else { return metrics.headline }
        let name = String(selection.name.trimmingPrefix("eval_"))
        let isShown = name == "loss" || metrics.headlineNames.contains(name)
        return metrics.headline + (isShown ? [] : [(name, selection.value)])
    }

    /// Every number under the reference's name with a prefix, `eval_loss` and so on.
    ///
    /// - Parameter prefix: `eval` or `test`.
    /// - Returns: Names and numbers.
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
