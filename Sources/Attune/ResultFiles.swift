import Checkpoints
import Evaluation
import Files
import Foundation
public import JSON
public import Training

/// The result files of a finished run, with transformers' names and keys.
///
/// Source: `Trainer.save_metrics` and `save_state` of transformers 5.23 (trainer_pt_utils.py).
struct ResultFiles {
    let outcome: Trainer.Outcome
    let evaluation: EvaluationRecord?
    var baseline: BaselineComparison?

    /// Writes `train_results.json`, `eval_results.json`, `all_results.json` and `trainer_state.json`.
    func save(to folder: URL) throws {
        let training: JSONObject = [
            "epoch": .double(outcome.epoch), "train_loss": .double(outcome.meanLoss),
            "train_runtime": .double(outcome.runtime),
            "train_samples_per_second": .double(Double(outcome.examplesSeen) / max(outcome.runtime, 1e-9)),
        ]
        var all = training
        var state = outcome.state
        var files = [("train_results.json", JSONValue.object(training).formatted)]
        if let evaluation {
            var results: JSONObject = ["epoch": .double(outcome.epoch)]
            for member in evaluation.results.members { results[member.name] = member.value }
            for member in results.members { all[member.name] = member.value }
            // Keep exactly one evaluation row for the final weights.
            if outcome.weightsStep == outcome.step { state.removeLastEvaluation() }
            state.append(evaluation)
            files.append(("eval_results.json", JSONValue.object(results).formatted))
        }
        for member in baseline?.results.members ?? [] { all[member.name] = member.value }
        files.append(("all_results.json", JSONValue.object(all).formatted))
        files.append(("trainer_state.json", state.formatted))
        for (name, text) in files { try writeAtomically(Data(text.utf8), to: folder.appending(path: name)) }
    }
}

extension EvaluationRecord {
    /// Every metric under transformers' name, and the bounds of its 95 % interval under that name with `_interval`.
    public var results: JSONObject {
        var results = JSONObject(values().map { ($0.name, .double($0.value)) })
        for name in metrics.values.map(\.name) {
            guard let interval = metrics.intervals[name] else { continue }
            results["eval_\(name)_interval"] = .array([
                .double(interval.lowerBound), .double(interval.upperBound),
            ])
        }
        return results
    }
    /// The metrics of each label and, for single-label, the confusions: the number of texts of a label that were predicted
    /// as another, most frequent first, without pairs that did not occur.
    ///
    /// - Parameter labels: The label names by id.
    /// - Returns: `per_label` and `confusions`; empty for a regression.
    public func labelResults(_ labels: [String]) -> JSONObject {
        func rows(_ perLabel: [ClassificationMetrics.PerClass]) -> JSONValue {
            .array(
                zip(labels, perLabel).map { name, row in
                    .object([
                        "label": .string(name), "precision": .double(row.precision),
                        "recall": .double(row.recall), "f1": .double(row.f1), "support": .int(row.support),
                    ])
                }
            )
        }
        switch metrics {
        case .singleLabel(let metrics):
            let errors = metrics.confusion.largestErrors(.max).map { error -> JSONValue in
                .object([
                    "label": .string(labels[error.label]), "taken_for": .string(labels[error.prediction]),
                    "count": .int(error.count),
                ])
            }
            return ["per_label": rows(metrics.perClass), "confusions": .array(errors)]
        case .multiLabel(let metrics): return ["per_label": rows(metrics.perLabel)]
        case .regression: return [:]
        }
    }
}
