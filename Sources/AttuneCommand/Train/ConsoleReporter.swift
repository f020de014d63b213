import Attune
import Foundation

/// Turns a job's events into lines on standard error.
struct ConsoleReporter {
    private var line = ProgressLine()
    private var start = ContinuousClock.now
    private var firstStep = 0
    private var examples = 0
    private var smoothedLoss: Double?
    private var evaluationStart: ContinuousClock.Instant?
    /// The first metric of the last evaluation, `  eval accuracy 0.953`.
    private var lastMetric = ""

    /// Shows an event.
    mutating func show(_ event: TrainingJob.Event) {
        switch event {
        case .note(let text): writeToStandardError(text + "\n")
        case .resolved: break
        case .run(let event): show(event)
        }
    }

    private mutating func show(_ event: RunEvent) {
        switch event {
        case .started(let plan):
            let resumed = plan.firstStep > 0 ? "; resuming after step \(plan.firstStep)" : ""
            writeToStandardError(
                "training \(String(format: "%.1f", Double(plan.trainableWeights) / 1e6)) million weights on "
                    + "\(counted(plan.examples, "text")): \(counted(plan.totalSteps, "step")) of \(plan.effectiveBatchSize), \(plan.stepsPerEpoch) per epoch\(resumed)\n"
            )
            if let former = plan.formerTotalSteps {
                writeToStandardError(
                    "originally \(counted(former, "step")); the schedule now assumes \(plan.totalSteps)\n"
                )
            }
            for text in plan.resumptionNotes { writeToStandardError(text + "\n") }
            (start, firstStep) = (.now, plan.firstStep)
        case .step(let record): show(record)
        case .logged: break
        case .evaluating(let done, let total): showEvaluation(done, total)
        case .evaluated(let record):
            line.close()
            let numbers = record.headline.map { "\($0.name) \(String(format: "%.3f", $0.value))" }
            writeToStandardError(
                "  evaluated after step \(record.step): eval loss \(record.lossText), "
                    + numbers.joined(separator: ", ") + "\n"
            )
            evaluationStart = nil
            lastMetric = numbers.first.map { "  eval " + $0 } ?? ""
        case .saved(let url):
            line.close()
            writeToStandardError("  saved \(url.lastPathComponent)\n")
        case .loadedBest(let step, let metric, let value):
            line.close()
            writeToStandardError(
                "  loaded the best weights, of step \(step), by \(metric): \(String(format: "%.4f", value))\n"
            )
        }
    }

    private mutating func show(_ record: StepRecord) {
        examples += record.examples
        smoothedLoss = smoothedLoss.map { $0 * 0.9 + record.loss * 0.1 } ?? record.loss
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let rate = Double(examples) / max(seconds, 1e-9)
        let left = seconds / Double(max(record.step - firstStep, 1)) * Double(record.totalSteps - record.step)
        let loss = smoothedLoss ?? record.loss
        let metric = lastMetric
        line.show(
            {
                String(
                    format: "step %d/%d  epoch %.2f  train loss %.4f%@  lr %.2e  %.1f examples/s  %@ left",
                    record.step,
                    record.totalSteps,
                    record.epoch,
                    loss,
                    metric,
                    record.learningRate,
                    rate,
                    clockTime(left)
                )
            },
            isLast: record.step == record.totalSteps
        )
        if record.step == record.totalSteps { line.close() }
    }

    private mutating func showEvaluation(_ done: Int, _ total: Int) {
        let begin = evaluationStart ?? .now
        evaluationStart = begin
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        line.show(
            {
                // The first batch is done before the clock starts.
                guard seconds > 0.5 else { return "evaluating \(done)/\(total)" }
                return String(
                    format: "evaluating %d/%d  %.1f examples/s  %@ left",
                    done,
                    total,
                    Double(done) / seconds,
                    clockTime(seconds / Double(done) * Double(total - done))
                )
            },
            isLast: done == total
        )
        if done == total { line.close() }
    }
}

extension RunSchedule {
    /// Comments for the recipe of a run that was resumed with other settings: the last settings alone do not repeat it.
    var formerSettings: String {
        changes.map { "# Until step \($0.step): \($0.setting): \($0.before)\n" }.joined()
    }

    /// Notes on changed or unknown settings, for a person who resumes a run.
    fileprivate var resumptionNotes: [String] {
        var notes = changes.filter { $0.step == firstStep }.map {
            "resuming with \(flag($0.setting)) \($0.now); it was \($0.before) until step \($0.step)"
        }
        if forgetsBest {
            notes.append(
                "the best evaluation so far used the plain loss, but eval_loss is now the training loss; the next "
                    + "evaluation starts a new comparison"
            )
        }
        if let keptRoutes {
            notes.append(
                "matrix products stay as the run began, \(keptRoutes), so that the numbers stay the same; measurements on this "
                    + "machine would choose otherwise"
            )
        }
        guard !unchecked.isEmpty else { return notes }
        return notes + [
            unchecked.contains("model")
                ? "an earlier version wrote this checkpoint and recorded only data, batch size, order and optimizer: cannot "
                    + "check whether --model, --class-weights and the other settings are the same as before"
                : "cannot check whether \(unchecked.joined(separator: ", ")) is the same as before"
        ]
    }

    private func flag(_ setting: String) -> String {
        setting == "eval_data" ? "other evaluation texts:" : "--" + setting.replacing("_", with: "-")
    }
}
