import Attune
import JSON

/// The report of a replayed step as JSON.
struct ReplayJSON {
    let replay: StepReplay
    let report: ReplayReport

    /// The whole report, in the order of the text.
    var object: JSONObject {
        [
            "step": .int(replay.step), "fault": .string(replay.fault),
            "reproduced": .bool(report.origin != nil), "explanation": .string(report.explanation),
            "examples": .array(report.examples.map(JSONValue.int)),
            "weights_not_finite": .array(report.weightsLost.map(named)),
            "micro_batches": .array(report.microBatches.map(microBatch)),
        ]
    }

    private func microBatch(_ batch: ReplayReport.MicroBatch) -> JSONValue {
        .object([
            "examples": .array(batch.examples.map(JSONValue.int)), "tokens": .int(batch.tokens),
            // JSON has no NaN and no infinity.
            "loss": batch.loss.isFinite ? .double(batch.loss) : .string("\(batch.loss)"),
            "examples_not_finite": .array(batch.nonFiniteExamples.map(JSONValue.int)),
            "layers": .array(batch.layers.map(layer)), "gradients": .array(batch.gradients.map(named)),
        ])
    }

    private func layer(_ layer: ReplayReport.Layer) -> JSONValue {
        var object: JSONObject = [
            "name": .string(layer.name), "input": statistics(layer.input), "output": statistics(layer.output),
        ]
        if let place = layer.firstLost {
            object["first_not_finite"] = .object([
                "example": .int(place.example), "token": place.token.map(JSONValue.int) ?? .null,
                "piece": replay.piece(at: place).map(JSONValue.string) ?? .null,
            ])
        }
        return .object(object)
    }

    private func named(_ named: ReplayReport.Named) -> JSONValue {
        .object(["name": .string(named.name), "values": statistics(named.statistics)])
    }

    private func statistics(_ values: TensorStatistics) -> JSONValue {
        .object([
            "dtype": .string(values.dtype.rawValue), "shape": .array(values.shape.map(JSONValue.int)),
            "min": .double(values.minimum), "max": .double(values.maximum),
            "mean_magnitude": .double(values.meanMagnitude), "norm": .double(values.norm),
            "nan": .int(values.nanCount), "infinite": .int(values.infiniteCount),
        ])
    }
}
