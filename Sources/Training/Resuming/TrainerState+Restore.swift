import Checkpoints
import Classification
import Files
import Foundation
import JSON
import Models
import NN
import Torch

// Resuming: what a checkpoint folder holds becomes the state of this run, or the run is refused.
extension TrainerState {
    /// Takes weights, moments, random streams, step and log from a checkpoint folder.
    ///
    /// - Parameters:
    ///   - folder: The checkpoint's.
    ///   - classifier: Gets the weights.
    ///   - optimizer: Gets the moments.
    ///   - dropout: Gets the place in its stream.
    /// - Throws: ``TrainingError`` with code `.badCheckpoint`; `CheckpointError`; `TorchError`.
    mutating func restore(
        from folder: URL,
        _ classifier: TextClassifier,
        optimizer: Optimizer,
        dropout: RandomSource
    ) throws {
        let url = folder.appending(path: Self.trainerState)
        let path = url.path(percentEncoded: false)
        guard let data = try? Data(contentsOf: url), let document = try? JSONValue.parse(data),
            let step = document["global_step"].int
        else {
            throw TrainingError(.badCheckpoint, "cannot resume: \(path) is missing or not a trainer's state")
        }
        func refuse(_ reason: String) -> TrainingError {
            TrainingError(.badCheckpoint, "cannot resume from \(folder.lastPathComponent): \(reason)")
        }
        let run = document["run"]
        let comparison = identity?.comparison(with: run, hasBest: document["best_metric"] != .null)
        let difference = comparison?.refusal ?? Self.difference(of: classifier, from: folder)
        if let difference {
            throw refuse(
                "its run \(difference); give what it was given, or start a new run from its weights with --model "
                    + folder.path(percentEncoded: false)
            )
        }
        guard step <= totalSteps else {
            throw refuse(
                "it has taken \(counted(step, "step")), and this run ends after \(totalSteps); --max-steps or --num-train-epochs "
                    + "give it more"
            )
        }
        let weights = try openCheckpoint(folder: folder)
        for parameter in classifier.model.parameters.parameters {
            try parameter.value.assign(weights.tensor(parameter.name))
        }
        let optimizerState = folder.appending(path: Self.optimizerState)
        guard FileManager.default.fileExists(atPath: optimizerState.path(percentEncoded: false)) else {
            throw refuse(
                "it holds the model alone, saved with --save-only-model; give it as --model to start a new run from its "
                    + "weights"
            )
        }
        // Older checkpoints record no routes; those of this machine are then as good as any.
        if let routes = ProductRoutes(document["product_routes"]) { classifier.model.productRoutes = routes }
        let moments = try SafetensorsFile(contentsOf: optimizerState)
        try optimizer.restore(stepCount: step, moments.tensor)
        let states = try SafetensorsFile(contentsOf: folder.appending(path: Self.randomStates))
        try dropout.restore(states.tensor(RandomPurpose.dropout.rawValue).array(of: UInt8.self))
        self.step = step
        formerTotalSteps = document["max_steps"].int.flatMap { $0 == totalSteps ? nil : $0 }
        lossSum = document["loss_sum"].double ?? 0
        lossesSinceLog = (document["losses_since_log"].array ?? []).compactMap(\.double)
        logHistory = document["log_history"].array ?? []
        evaluationPending = document["evaluation_owed"].bool ?? false
        selection.restore(document)
        plateau.restore(document["plateau"], formerPeak: run["settings"]["learning_rate"].double)
        unchecked = comparison?.unchecked ?? []
        changes = (document["setting_changes"].array ?? []).compactMap(SettingChange.init)
        changes += (comparison?.changes ?? []).map {
            SettingChange(step: step, setting: $0.setting, before: $0.before, now: $0.now)
        }
    }

    /// Forgets the best evaluation: the next ones cannot be compared with it.
    mutating func forgetBest() {
        selection.forget()
        plateau.forget()
    }

    /// Fields of `config.json` that say nothing of what the model computes.
    private static let ofNoConsequence: Set = [
        "dtype", "torch_dtype", "transformers_version", "_name_or_path", "label2id", "architectures",
    ]

    /// What a model's configuration has otherwise than the one in a checkpoint, whatever version wrote it.
    private static func difference(of classifier: TextClassifier, from folder: URL) -> String? {
        guard let data = try? Data(contentsOf: folder.appending(path: "config.json")),
            let saved = (try? JSONValue.parse(data))?.object
        else { return nil }
        let ours = classifier.model.configuration
        let names = ModelConfiguration(fields: saved, source: "").labels
        if names != ours.labels {
            let shown = [names, ours.labels].map { JSONValue.array($0.map(JSONValue.string)).shown }
            return "has the labels \(shown[0]), and this one has \(shown[1])"
        }
        let changed = saved.members.first {
            !ofNoConsequence.contains($0.name) && $0.name != "id2label" && ours.fields.contains($0.name)
                && ours[$0.name].oneLine != $0.value.oneLine
        }
        return changed.map {
            "has \($0.name) \($0.value.shown) in its model's config.json, and this one has \(ours[$0.name].shown)"
        }
    }
}

extension SettingChange {
    var json: JSONValue {
        .object([
            "step": .int(step), "setting": .string(setting), "before": .string(before), "now": .string(now),
        ])
    }

    /// Reads what ``json`` wrote.
    init?(_ json: JSONValue) {
        guard let step = json["step"].int, let setting = json["setting"].string,
            let before = json["before"].string, let now = json["now"].string
        else { return nil }
        self.init(step: step, setting: setting, before: before, now: now)
    }
}
