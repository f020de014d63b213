import Attune
import JSON

/// The output of `attune plan --json`.
///
/// Sizes are in bytes, times in seconds.
struct ForecastJSON {
    let forecast: Forecast
    let limits: [MemoryLimit]
    /// Free space on the output folder's disk in bytes; nil if unknown.
    let freeDisk: Int?
    /// The networks between several processes.
    var bandwidths = Bandwidth.usual

    /// One object, ending in a line feed.
    var text: String {
        let plan = forecast.plan
        return JSONValue.object([
            "steps": .int(plan.totalSteps), "steps_per_epoch": .int(plan.stepsPerEpoch),
            "texts": .int(plan.training.count), "tokens": .int(plan.training.tokens),
            "longest_text": .int(plan.training.longest), "tokens_per_step": .double(forecast.tokensPerStep),
            "worst_batch": .object([
                "texts": .int(forecast.worstBatchTexts), "tokens": .int(forecast.worstBatchTokens),
            ]),
            "seconds_per_step": .double(forecast.secondsPerStep),
            "training_seconds": .double(forecast.trainingSeconds),
            "evaluation_seconds": .double(forecast.evaluationSeconds),
            "time_of_whole_model": .bool(forecast.isTimeOfWholeModel),
            "blocks": .int(forecast.blocks),
            "measured_blocks": .array(forecast.measuredBlocks.map { .int($0) }),
            "memory": Self.value(of: forecast.memory),
            "exchange": exchange,
            "disk": .object([
                "model": .int(forecast.disk.model), "checkpoint": .int(forecast.disk.checkpoint),
                "checkpoints_kept": .int(forecast.disk.checkpointsKept),
                "checkpoints_at_once": .int(forecast.disk.checkpointsAtOnce),
                "replay_file": forecast.disk.replayFile.map(JSONValue.int) ?? .null,
                "left": .int(forecast.disk.left), "peak": .int(forecast.disk.peak),
                "free": freeDisk.map(JSONValue.int) ?? .null,
            ]),
            "fits": .array(
                limits.map { limit in
                    .object([
                        "device": .string(limit.name), "bytes": .int(limit.bytes),
                        "needed": .int(limit.needed(forecast.memory)),
                        "fits": .bool(limit.holds(forecast.memory)),
                    ])
                }
            ),
            "alternatives": .array(
                forecast.alternatives.map { alternative in
                    .object([
                        "flags": .string(alternative.flags.joined(separator: " ")),
                        "keeps_numbers": .bool(alternative.keepsNumbers),
                        "memory": Self.value(of: alternative.memory),
                    ])
                }
            ),
        ]).formatted + "\n"
    }

    /// The exchange of several processes; null for one process.
    private var exchange: JSONValue {
        guard let exchange = forecast.exchange else { return .null }
        return ExchangeText(exchange: exchange, bandwidths: bandwidths).json
    }

    private static func value(of memory: MemoryForecast) -> JSONValue {
        .object([
            "peak": .int(memory.peak), "worst": .string(memory.worst), "tensors": .int(memory.tensors),
            "weights": .int(memory.weights), "gradients": .int(memory.gradients),
            "gradient_buckets": .int(memory.gradientBuckets),
            "optimizer_state": .int(memory.optimizerState), "activations": .int(memory.activations),
            "program": .int(memory.program), "overhead": .int(memory.overhead),
            "training": .int(memory.training), "loading": .int(memory.loading),
            "evaluation": .int(memory.evaluation), "restoring": .int(memory.restoring),
            "reading": .int(memory.reading), "offloaded": .int(memory.offloaded),
        ])
    }
}
