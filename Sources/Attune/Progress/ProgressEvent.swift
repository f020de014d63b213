package import JSON
package import Training

/// An event as people and programs see it: on a terminal, as a JSON line, and in a run's folder.
package enum ProgressEvent: Sendable, Equatable {
    /// A phase begins.
    case phase(WorkPhase, subject: String?)
    /// A part of a phase is done.
    case progress(WorkProgress)
    /// A training step was taken.
    case step(StepRecord, Pace)
    /// A message for people.
    case note(String)
    /// Training begins.
    case started(RunSchedule)
    /// A row of the training log.
    case log(LogRecord)
    /// An evaluation is done.
    case evaluation(EvaluationRow)
    /// A checkpoint with this name is complete.
    case saved(String)
    /// The weights of the best evaluation are loaded again.
    case loadedBest(step: Int, metric: String, value: Double)
    /// The work failed or was stopped.
    case error(message: String, exitCode: Int)
    /// Whether the trained model is any good, and what to try next.
    case verdict(Verdict)
    /// The result of a command.
    case result(JSONObject)
}

/// The speed of training and its recent loss.
package struct Pace: Sendable, Equatable {
    /// The moving average of the steps' losses.
    package var recentLoss: Double
    /// The examples per second, without evaluations.
    package var examplesPerSecond: Double
    /// The expected seconds to the last step, with evaluations.
    package var secondsLeft: Double

    /// Creates a pace.
    ///
    /// - Parameters:
    ///   - recentLoss: The moving average of the steps' losses.
    ///   - examplesPerSecond: The examples per second, without evaluations.
    ///   - secondsLeft: The expected seconds to the last step.
    package init(recentLoss: Double, examplesPerSecond: Double, secondsLeft: Double) {
        self.recentLoss = recentLoss
        self.examplesPerSecond = examplesPerSecond
        self.secondsLeft = secondsLeft
    }
}

/// The numbers of an evaluation under transformers' names.
package struct EvaluationRow: Sendable, Equatable {
    /// The step after which it was made.
    package var step: Int
    /// The number of epochs so far.
    package var epoch: Double
    /// The numbers, such as `eval_loss`.
    package var values: [NamedValue]
    /// The difference of the loss from the plain loss; nil if there is none.
    package var lossNote: String?
    /// The name of the metric that selects the best model; nil if the run selects none.
    package var metric: String?

    /// Creates a row from a record.
    ///
    /// - Parameter record: The evaluation.
    package init(_ record: EvaluationRecord) {
        (step, epoch, lossNote) = (record.step, record.epoch, record.lossNote)
        values = record.values().map { NamedValue(name: $0.name, value: $0.value) }
        metric = record.selection?.name
    }

    init(step: Int, epoch: Double, values: [NamedValue], lossNote: String? = nil, metric: String? = nil) {
        (self.step, self.epoch, self.values) = (step, epoch, values)
        (self.lossNote, self.metric) = (lossNote, metric)
    }

    /// A number by its name, such as `eval_loss`; nil if it is missing.
    ///
    /// - Parameter name: The name.
    package subscript(name: String) -> Double? { values.first { $0.name == name }?.value }

    /// The few metrics to show: the metric that selects the best model first, then those of the problem type.
    package var headline: [(name: String, value: Double)] {
        // The names differ by problem type.
        let usual: [(key: String, name: String)] =
            if self["eval_rmse"] != nil {
                [("eval_rmse", "RMSE"), ("eval_pearson", "Pearson")]
            } else if self["eval_hamming_loss"] != nil {
                [("eval_f1_micro", "F1 micro"), ("eval_accuracy", "exact match")]
            } else {
                [("eval_accuracy", "accuracy"), ("eval_matthews_correlation", "MCC")]
            }
        var shown = usual
        if let metric, metric != "eval_loss" {
            let place = shown.firstIndex { $0.key == metric }
            let own = place.map { shown.remove(at: $0) }
            shown.insert(own ?? (metric, String(metric.trimmingPrefix("eval_"))), at: 0)
        }
        return shown.compactMap { entry in self[entry.key].map { (entry.name, $0) } }
    }
}
