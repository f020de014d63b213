import Checkpoints
import Classification
import Files
import Foundation
import JSON
import Models
import NN
import Torch

// Resuming: restores the state of a run from a checkpoint folder, or refuses the run.
extension TrainerState {
    /// Restores weights, moments, random state, step and log from a checkpoint folder.
    ///
    /// - Parameters:
    ///   - folder: The checkpoint's folder.
    ///   - classifier: The classifier that gets the weights.
    ///   - optimizer: The optimizer that gets the moments; nil if the caller restores them.
    ///   - dropout: The random source that gets the state of its stream.
    /// - Throws: ``TrainingError`` with code `.badCheckpoint`; `CheckpointError`; `TorchError`.
    mutating func restore(
        from folder: URL,
        _ classifier: TextClassifier,
        optimizer: Optimizer?,
        dropout: RandomSource
    ) throws {
        let url = folder.appending(path: Self.trainerState)
        let path = url.path(percentEncoded: false)
        guard let data = try? Data(contentsOf: url), let document = try? JSONValue.parse(data),
            let step = document["global_step"].int
        else {
            throw TrainingError(
                .badCheckpoint,
                "cannot resume: \(path) is missing or not a valid trainer state"
            )
        }
        func refuse(_ reason: String) -> TrainingError {
            TrainingError(.badCheckpoint, "cannot resume from \(folder.lastPathComponent): \(reason)")
        }
        let run = document["run"]
        let comparison = identity?.comparison(with: run, hasBest: document["best_metric"] != .null)
        let difference = comparison?.refusal ?? Self.difference(of: classifier, from: folder)
        if let difference {
            throw refuse(
                "its run \(difference); give the same settings, or start a new run from its weights with --model "
                    + folder.path(percentEncoded: false)
            )
        }
        guard step <= totalSteps else {
            throw refuse(
                "it has taken \(counted(step, "step")), but this run ends after \(totalSteps); increase --max-steps or "
                    + "--num-train-epochs"
            )
        }
        try classifier.loadWeights(from: folder)
        guard let moments = try Self.moments(in: folder) else {
            throw refuse(
                "it contains only the model, saved with --save-only-model; start a new run from its weights with "
                    + "--model"
            )
        }
        // Older checkpoints do not record routes; then keep those of this machine.
        if let routes = ProductRoutes(document["product_routes"]) { classifier.model.productRoutes = routes }
        if let optimizer { try optimizer.restore(stepCount: step, moments.tensor) }
        let states = try SafetensorsFile(contentsOf: folder.appending(path: Self.randomStates))
        try dropout.restore(states.tensor(RandomPurpose.dropout.rawValue).array(of: UInt8.self))
        adopt(document, formerPeak: run["settings"]["learning_rate"].double)
        formerTotalSteps = document["max_steps"].int.flatMap { $0 == totalSteps ? nil : $0 }
        unchecked = comparison?.unchecked ?? []
        changes += (comparison?.changes ?? []).map {
            SettingChange(step: step, setting: $0.setting, before: $0.before, now: $0.now)
        }
    }

    /// Takes the step, the log and the best evaluation from a `trainer_state.json`.
    ///
    /// - Parameters:
    ///   - document: The document.
    ///   - formerPeak: The highest learning rate of its run, which scales that of a plateau; nil keeps the learning rate.
    private mutating func adopt(_ document: JSONValue, formerPeak: Double? = nil) {
        step = document["global_step"].int ?? 0
        lossSum = document["loss_sum"].double ?? 0
        lossesSinceLog = (document["losses_since_log"].array ?? []).compactMap(\.double)
        logHistory = document["log_history"].array ?? []
        evaluationPending = document["evaluation_owed"].bool ?? false
        selection.restore(document)
        plateau.restore(document["plateau"], formerPeak: formerPeak)
        changes = (document["setting_changes"].array ?? []).compactMap(SettingChange.init)
    }

    /// The state at the beginning of a run, for the other processes of its group.
    ///
    /// - Parameter isResumed: Whether it was restored from a checkpoint.
    /// - Returns: The value that ``adopt(shared:)`` reads.
    func shared(isResumed: Bool) -> JSONValue {
        .object([
            "is_resumed": .bool(isResumed), "state": document,
            "former_total_steps": .optional(formerTotalSteps),
            "saved_step": .optional(savedStep), "unchecked": .array(unchecked.map(JSONValue.string)),
        ])
    }

    /// Takes the state of the process that read the checkpoint.
    ///
    /// - Parameter shared: The output of ``shared(isResumed:)``.
    mutating func adopt(shared: JSONValue) {
        let document = shared["state"]
        adopt(document)
        productRoutes = ProductRoutes(document["product_routes"])
        formerTotalSteps = shared["former_total_steps"].int
        savedStep = shared["saved_step"].int
        unchecked = (shared["unchecked"].array ?? []).compactMap(\.string)
    }

    /// Takes the choice of the best model from another process.
    ///
    /// - Parameter other: The other process's ``selectionState``.
    mutating func adopt(selection other: JSONValue) {
        selection.restore(other)
        plateau.restore(other["plateau"])
    }

    /// Forgets the best evaluation, because later ones cannot be compared with it.
    mutating func forgetBest() {
        selection.forget()
        plateau.forget()
    }

    /// Fields of `config.json` that do not affect the model's computation.
    private static let ofNoConsequence: Set = [
        "dtype", "torch_dtype", "transformers_version", "_name_or_path", "label2id", "architectures",
    ]

    /// The first difference between a model's configuration and that of a checkpoint; nil if there is none.
    private static func difference(of classifier: TextClassifier, from folder: URL) -> String? {
        guard let data = try? Data(contentsOf: folder.appending(path: "config.json")),
            let saved = (try? JSONValue.parse(data))?.object
        else { return nil }
        let ours = classifier.model.configuration
        let names = ModelConfiguration(fields: saved, source: "").labels
        if names != ours.labels {
            let shown = [names, ours.labels].map { JSONValue.array($0.map(JSONValue.string)).shown }
            return "has the labels \(shown[0]), but this one has \(shown[1])"
        }
        let changed = saved.members.first {
            !ofNoConsequence.contains($0.name) && $0.name != "id2label" && ours.fields.contains($0.name)
                && ours[$0.name].oneLine != $0.value.oneLine
        }
        return changed.map {
            "has \($0.name) \($0.value.shown) in its model's config.json, but this one has \(ours[$0.name].shown)"
        }
    }
}

extension SettingChange {
    var json: JSONValue {
        .object([
            "step": .int(step), "setting": .string(setting), "before": .string(before), "now": .string(now),
        ])
    }

    /// Reads the output of ``json``.
    init?(_ json: JSONValue) {
        guard let step = json["step"].int, let setting = json["setting"].string,
            let before = json["before"].string, let now = json["now"].string
        else { return nil }
        self.init(step: step, setting: setting, before: before, now: now)
    }
}
