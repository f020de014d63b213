import Attune
import Foundation

/// The output of `attune plan`.
struct ForecastText {
    let forecast: Forecast
    let limits: [MemoryLimit]
    let job: TrainingJob
    /// Free space on the output folder's disk in bytes; nil if unknown.
    let freeDisk: Int?
    /// The networks between several processes.
    var bandwidths = Bandwidth.usual

    /// The text, with a line feed at the end of each line.
    var text: String {
        let plan = PlanText(plan: forecast.plan, job: job)
        var text = TextTable(rows: plan.rows + [["tokens", tokens], ["time", time], ["disk", disk]]).text
        text += "\npeak memory, \(forecast.memory.worst)\n" + memoryTable
        text += "\nfits\n" + TextTable(rows: limits.map(fit), indent: 2, rightAligned: [1]).text
        if let exchange = forecast.exchange {
            text += ExchangeText(exchange: exchange, bandwidths: bandwidths).text
        }
        if !forecast.alternatives.isEmpty {
            text +=
                "\nwhat needs less memory (without a note: the same results, except for rounding)\n"
                + alternatives
        }
        text += "\n" + howMeasured + "\n"
        return text
    }

    private var tokens: String {
        String(
            format: "%.0f per step on average, %d in the largest batch (%@)",
            forecast.tokensPerStep,
            forecast.worstBatchTokens,
            counted(forecast.worstBatchTexts, "text")
        )
    }

    private var time: String {
        let steps =
            "\(clockTime(forecast.trainingSeconds)) for the steps, "
            + String(format: "%.2f s each", forecast.secondsPerStep)
        guard forecast.evaluationSeconds > 0 else { return steps }
        return steps + ", and \(clockTime(forecast.evaluationSeconds)) for evaluations"
    }

    private var disk: String {
        let disk = forecast.disk
        let checkpoints =
            disk.checkpointsKept == 0
            ? ""
            : "\(disk.checkpointsKept) checkpoint\(disk.checkpointsKept == 1 ? "" : "s") of \(formattedSize(disk.checkpoint)), "
        var text =
            "about \(formattedSize(disk.left)): \(checkpoints)the model of \(formattedSize(disk.model))"
        if disk.peak > disk.left { text += "; \(formattedSize(disk.peak)) at the peak" }
        if let freeDisk {
            text += "; \(formattedSize(freeDisk)) is free"
            if freeDisk < disk.peak {
                text +=
                    ", which is too little: --save-total-limit 1, --save-only-model or --save-strategy no needs less"
            }
        }
        if let replay = disk.replayFile {
            text += "; \(formattedSize(replay)) more if the loss becomes NaN (--no-replay-file avoids that)"
        }
        return text
    }

    private var memoryTable: String {
        let memory = forecast.memory
        var classes = [
            ("weights", memory.weights), ("gradients", memory.gradients),
            ("optimizer", memory.optimizerState),
            ("activations", memory.activations), ("all tensors", memory.tensors),
            ("the program itself", memory.program), ("allocator overhead", memory.overhead),
            ("peak of the process", memory.peak),
        ]
        if memory.gradientBuckets > 0 {
            classes.insert(("buffers of the exchange", memory.gradientBuckets), at: 2)
        }
        if memory.offloaded > 0 { classes.append(("in a temporary file", memory.offloaded)) }
        return TextTable(
            rows: classes.map { [$0.0, ($0.0.hasPrefix("peak") ? "about " : "") + formattedSize($0.1)] },
            indent: 2,
            rightAligned: [1]
        ).text
    }

    private func fit(_ limit: MemoryLimit) -> [String] {
        let needed = limit.needed(forecast.memory)
        return [
            limit.name + (limit.holdsProcess ? ", free now" : ", for the tensors"),
            formattedSize(limit.bytes),
            limit.holds(forecast.memory)
                ? "fits, \(formattedSize(limit.bytes - needed)) to spare"
                : "does not fit: \(formattedSize(needed - limit.bytes)) too much",
        ]
    }

    private var alternatives: String {
        let rows = forecast.alternatives.sorted { first, second in
            (first.keepsNumbers ? 0 : 1, -first.memory.peak) < (
                second.keepsNumbers ? 0 : 1, -second.memory.peak
            )
        }.map { alternative in
            let fitting = limits.filter { $0.holds(alternative.memory) }.map(\.name)
            return [
                formattedSize(alternative.memory.peak), formattedSize(alternative.memory.tensors),
                fitting.isEmpty ? "nowhere" : fitting.joined(separator: ", "),
                alternative.flags.joined(separator: " ")
                    + (alternative.keepsNumbers ? "" : " (different results)"),
            ]
        }
        return TextTable(
            rows: [["process", "tensors", "fits", "with"]] + rows,
            indent: 2,
            rightAligned: [0, 1]
        ).text
    }

    private var howMeasured: String {
        let blocks = forecast.measuredBlocks.map(String.init).joined(separator: " and ")
        let memory =
            forecast.measuredBlocks.last == forecast.blocks
            ? "Measured on real steps of the whole model with random weights"
            : "Memory was measured on real steps with \(blocks) blocks and extrapolated to \(forecast.blocks)"
        let time =
            forecast.measuredBlocks.last == forecast.blocks
            ? "" : forecast.isTimeOfWholeModel ? "; time was measured with all blocks" : ", and so was time"
        return memory + time
            + ". The overhead is extrapolated from 12 steps; long runs used up to 25 % more. "
            + "Nothing was trained."
    }
}
