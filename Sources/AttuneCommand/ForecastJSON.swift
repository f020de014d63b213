import Attune
import JSON

/// What `attune plan --json` prints; sizes in bytes, times in seconds.
struct ForecastJSON {
    let forecast: RunForecast
    let limits: [MemoryLimit]

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

    private static func value(of memory: MemoryForecast) -> JSONValue {
        .object([
            "peak": .int(memory.peak), "worst": .string(memory.worst), "tensors": .int(memory.tensors),
            "weights": .int(memory.weights), "gradients": .int(memory.gradients),
            "optimizer_state": .int(memory.optimizerState), "activations": .int(memory.activations),
            "program": .int(memory.program), "overhead": .int(memory.overhead),
            "training": .int(memory.training), "loading": .int(memory.loading),
            "evaluation": .int(memory.evaluation), "restoring": .int(memory.restoring),
            "reading": .int(memory.reading),
        ])
    }
}
