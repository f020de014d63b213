import Attune
import Foundation

/// The output of `attune train --dry-run`.
struct PlanText {
    let plan: DatasetSummary
    let job: TrainingJob
    /// The contents to be pushed to the Hub; nil for nothing.
    var push: String?

    /// The text, with a line feed at the end of each line.
    var text: String { TextTable(rows: rows).text + "Nothing was trained, because of --dry-run.\n" }

    /// One row per setting: its name and its effect.
    var rows: [[String]] {
        var rows = [
            ["model", job.model], ["train on", sizes(plan.training)],
            ["evaluate on", plan.evaluation.map(sizes) ?? "nothing: no texts are held out"],
            ["labels", labels],
        ]
        if let weights = plan.classWeights {
            rows.append([
                "class weights",
                listedLabels(by: weights) { "\(plan.labels[$0]) \(String(format: "%.3g", weights[$0]))" },
            ])
        }
        let arguments = job.arguments
        let (micro, count) = (arguments.perDeviceTrainBatchSize, arguments.gradientAccumulationSteps)
        let pieces =
            arguments.maxTokensPerBatch.map { "at most \(counted($0, "token")) at once" }
            ?? "\(micro) at once, \(count) times"
        let processes = arguments.worldSize > 1 ? " in each of \(arguments.worldSize) processes" : ""
        rows += [
            [
                "steps",
                "\(plan.totalSteps) of \(counted(arguments.examplesPerStep, "text")) (\(pieces)\(processes)), "
                    + "\(plan.stepsPerEpoch) per epoch",
            ],
            ["learning rate", rates], ["optimizer", optimizer], ["precision", precision],
            ["evaluate", evaluations], ["save", saves],
            ["seed", "\(arguments.seed)"],
        ]
        if let teacher = job.recipe.teacher {
            rows.append([
                "teacher",
                "\(job.teacher ?? teacher.model.name), temperature \(teacher.temperature), alpha \(teacher.alpha)",
            ])
        }
        if let push { rows.append(["push", push]) }
        return rows
    }

    private var precision: String {
        job.arguments.precision.rawValue
            + (job.recipe.weights == .bf16 ? "; weights in bf16, rounded stochastically" : "")
    }

    /// The optimizer and the options that save memory.
    private var optimizer: String {
        let arguments = job.arguments
        return arguments.optimizer.rawValue
            + (arguments.optimizerInBackward ? ", within the backward pass" : "")
            + (arguments.gradientCheckpointing ? "; blocks are recomputed for their gradients" : "")
    }

    private func sizes(_ sizes: DatasetSummary.TextSizes) -> String {
        let mean = Double(sizes.tokens) / Double(max(sizes.count, 1))
        var text =
            "\(counted(sizes.count, "text")), \(counted(sizes.tokens, "token")): \(String(format: "%.1f", mean)) on average, \(sizes.longest) at most"
        if sizes.truncated > 0, let limit = plan.lengthLimit {
            text += "; \(sizes.truncated) cut at \(limit)"
        }
        return text
    }

    private var labels: String {
        guard let counts = plan.targets.labelCounts(of: plan.labels.count) else {
            return "numbers (\(plan.labels.joined()))"
        }
        let total = Double(max(plan.training.count, 1))
        return listedLabels(by: counts) {
            "\(plan.labels[$0]) \(counts[$0]) (\(String(format: "%.1f", 100 * Double(counts[$0]) / total)) %)"
        }
    }

    /// The learning rate at the first step, at every quarter and at the last step.
    private var rates: String {
        let last = plan.totalSteps - 1
        var steps: [Int] = []
        for quarter in 0...4 where steps.last != last * quarter / 4 { steps.append(last * quarter / 4) }
        let shown = steps.map {
            String(format: "%.3g at step %d", plan.schedule.learningRate(at: $0), $0 + 1)
        }
        return "\(job.arguments.scheduler.rawValue): " + shown.joined(separator: ", ")
    }

    private var evaluations: String {
        let arguments = job.arguments
        guard plan.evaluation != nil else { return "never: no texts are held out" }
        let count = arguments.evaluationCount(totalSteps: plan.totalSteps, stepsPerEpoch: plan.stepsPerEpoch)
        return switch arguments.evalStrategy {
        case .no, .best: "at the end"
        case .epoch: "after every epoch and at the end, \(times(count))"
        case .steps:
            "every \(counted(arguments.evalSteps ?? arguments.loggingSteps, "step")) and at the end, \(times(count))"
        }
    }

    /// When checkpoints are saved.
    ///
    /// The model itself is always saved at the end.
    private var saves: String {
        let arguments = job.arguments
        let count = arguments.checkpointCount(totalSteps: plan.totalSteps, stepsPerEpoch: plan.stepsPerEpoch)
        var moments: [String] = []
        switch arguments.saveStrategy {
        case .no: break
        case .best: moments.append("whenever an evaluation is the best so far")
        case .epoch: moments.append("after every epoch and at the end")
        case .steps: moments.append("every \(counted(arguments.saveSteps, "step")) and at the end")
        }
        if arguments.loadBestModelAtEnd, arguments.saveStrategy != .best {
            moments.append("whenever an evaluation is the best so far")
        }
        guard !moments.isEmpty else { return "the model at the end, no checkpoints" }
        let kept = arguments.checkpointsKept(of: count)
        let isBound = moments.last?.hasPrefix("whenever") ?? false
        return "\(moments.joined(separator: ", and ")): \(isBound ? "at most " : "")"
            + "\(count) checkpoint\(count == 1 ? "" : "s")" + (kept < count ? ", \(kept) kept" : "")
            + "; the model at the end"
    }

    private func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }
}
