import Attune
import JSON

// `--json`: the result of a run for programs, also as the last event.
extension TrainCommand {
    /// Prints the result as a JSON object, and shows it as an event.
    func printJSON(_ result: TrainingJob.Result) throws {
        let outcome = result.outcome
        var object: JSONObject = [
            "output_dir": .string(outputDir), "step": .int(outcome.step), "epoch": .double(outcome.epoch),
            "train_loss": .double(outcome.meanLoss), "train_runtime": .double(outcome.runtime),
        ]
        if let evaluation = result.evaluation {
            for member in evaluation.results.members { object[member.name] = member.value }
        }
        for member in result.baseline?.results.members ?? [] {
            object[member.name] = member.value
        }
        if let verdict = result.verdict {
            object["verdict"] = .string(verdict.text)
            Console.current.receive(.verdict(verdict))
        }
        Console.current.receive(.result(object))
        if let evaluation = result.evaluation {
            for member in evaluation.labelResults(result.classifier.labels).members {
                object[member.name] = member.value
            }
        }
        try print(JSONValue.object(object).formatted, terminator: "")
    }

    /// Prints the metrics of all seeds as a JSON object, and shows it as an event.
    func printJSON(_ results: SeedResults) throws {
        let metrics = results.spreads.map { name, spread in
            (
                name,
                JSONValue.object([
                    "mean": .double(spread.mean),
                    "std": spread.standardDeviation.map(JSONValue.double) ?? .null,
                    "min": .double(spread.minimum), "max": .double(spread.maximum),
                ])
            )
        }
        let object: JSONObject = [
            "output_dir": .string(outputDir), "seeds": .array(results.rows.map { .string("\($0.seed)") }),
            "metrics": .object(JSONObject(metrics)),
        ]
        Console.current.receive(.result(object))
        try print(JSONValue.object(object).formatted, terminator: "")
    }
}
