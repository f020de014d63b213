import Checkpoints
import Classification
import Files
import Foundation
import JSON
import Models
import NN
import Torch

/// The state of a run, and its form in `trainer_state.json`.
///
/// Source: `TrainerState` of transformers 5.23 (trainer_callback.py).
package struct TrainerState: Sendable, Equatable {
    /// The number of steps taken.
    package internal(set) var step = 0
    /// The sum of the losses of all steps.
    var lossSum = 0.0
    /// The losses of the steps since the last row of the log.
    var lossesSinceLog: [Double] = []
    /// The identity of the run, with which a resumed run is compared.
    var identity: RunIdentity?
    /// The CPU routes of this run's matrix products; nil before the run begins.
    var productRoutes: ProductRoutes?
    /// Settings that were changed on resuming, oldest first.
    package internal(set) var changes: [SettingChange] = []
    /// The settings that the checkpoint does not record, so that changes cannot be detected.
    var unchecked: [String] = []
    /// The step count planned when the checkpoint was saved, if it differs now.
    var formerTotalSteps: Int?
    /// The step whose checkpoint in the output folder is up to date; nil if the state has changed since.
    var savedStep: Int?
    /// Whether the run was stopped during an evaluation, which a resumed run repeats first.
    var evaluationPending = false
    /// The evaluation after the last step, if this run made one.
    var lastEvaluation: EvaluationRecord?
    /// The best evaluation so far.
    var selection: ModelSelection
    /// The learning rate of a plateau schedule.
    var plateau: Plateau
    var logHistory: [JSONValue] = []
    let arguments: TrainingArguments
    let totalSteps: Int
    private let examples: Int

    init(
        arguments: TrainingArguments,
        metrics: [CustomMetric] = [],
        totalSteps: Int,
        examples: Int
    ) {
        self.arguments = arguments
        selection = ModelSelection(arguments, metrics: metrics)
        plateau = Plateau(
            peak: arguments.learningRate,
            options: arguments.schedulerOptions,
            greaterIsBetter: selection.greaterIsBetter
        )
        self.totalSteps = totalSteps
        self.examples = examples
    }

    /// The number of epochs so far.
    package var epoch: Double { arguments.epoch(after: step, examples: examples) }

    mutating func append(_ row: LogRecord) {
        logHistory.append(
            .object([
                "epoch": .double(row.epoch), "grad_norm": .double(row.gradientNorm),
                "learning_rate": .double(row.learningRate), "loss": .double(row.loss), "step": .int(row.step),
            ])
        )
    }

    /// Adds an evaluation's row to the log.
    package mutating func append(_ record: EvaluationRecord) {
        var row: JSONObject = ["epoch": .double(record.epoch), "step": .int(record.step)]
        for (name, value) in record.values() { row[name] = .double(value) }
        logHistory.append(.object(row))
    }

    /// Removes the log's last row if it is this step's evaluation.
    package mutating func removeLastEvaluation() {
        guard let row = logHistory.last, row["eval_loss"] != .null, row["step"] == .int(step) else { return }
        logHistory.removeLast()
    }

    /// The step of the best model, if its checkpoint is kept.
    var bestCheckpoint: Int? {
        arguments.loadBestModelAtEnd || arguments.saveStrategy == .best ? selection.bestStep : nil
    }

    /// The choice of the best model, with the names of `trainer_state.json`.
    var selectionState: JSONValue {
        .object([
            "best_global_step": selection.bestStep.map(JSONValue.int) ?? .null,
            "best_metric": selection.bestValue.map(JSONValue.double) ?? .null,
            "stateful_callbacks": selection.callbackState, "plateau": plateau.json,
        ])
    }

    /// The content of `trainer_state.json`.
    var document: JSONValue {
        .object([
            "best_global_step": selection.bestStep.map(JSONValue.int) ?? .null,
            "best_metric": selection.bestValue.map(JSONValue.double) ?? .null,
            // Stored as a relative path, so that the folder can be moved.
            "best_model_checkpoint": bestCheckpoint.map { .string("checkpoint-\($0)") } ?? .null,
            "epoch": .double(epoch), "eval_steps": .int(arguments.evalSteps ?? arguments.loggingSteps),
            "global_step": .int(step), "is_hyper_param_search": .bool(false),
            "is_local_process_zero": .bool(true),
            "is_world_process_zero": .bool(true), "log_history": .array(logHistory),
            "logging_steps": .int(arguments.loggingSteps), "max_steps": .int(totalSteps),
            "num_input_tokens_seen": .int(0),
            "num_train_epochs": .int(arguments.wholeEpochs(examples: examples)),
            "save_steps": .int(arguments.saveSteps), "stateful_callbacks": selection.callbackState,
            "total_flos": .double(0),
            "train_batch_size": .int(arguments.perDeviceTrainBatchSize), "trial_name": .null,
            "trial_params": .null,
            // Attune's own fields, needed to resume.
            "evaluation_owed": .bool(evaluationPending),
            "loss_sum": .double(lossSum),
            "losses_since_log": .array(lossesSinceLog.map(JSONValue.double)),
            "product_routes": productRoutes?.json ?? .null,
            "plateau": arguments.scheduler == .reduceOnPlateau ? plateau.json : .null,
            "run": identity?.json ?? .null,
            "setting_changes": .array(changes.map(\.json)),
        ])
    }

    /// The file of the random streams' states, one tensor each.
    static let randomStates = "rng_state.safetensors"

    /// The file of the optimizer state.
    static let optimizerState = "optimizer.safetensors"

    /// The file of the run's state.
    static let trainerState = "trainer_state.json"

    /// The files of a checkpoint besides the model; `*` stands for the numbers of ranks.
    static let fileNames = [
        randomStates, optimizerState, "shard-*-optimizer-*-of-*.safetensors", trainerState,
    ]

    /// The text of `trainer_state.json`.
    package var formatted: String { document.formatted }

    /// Writes `checkpoint-<step>` atomically.
    ///
    /// - Parameters:
    ///   - classifier: The classifier with this step's weights.
    ///   - optimizer: The optimizer with this step's moments; nil to save only the model.
    ///   - zero: The same optimizer if it is divided among processes; the others send their part meanwhile.
    ///   - dropout: The state of the dropout stream.
    ///   - folder: The run's folder.
    /// - Returns: The checkpoint's folder.
    /// - Throws: `CheckpointError` or `FileError` if it cannot be written; `DistributedError` if another process fails.
    func save(
        _ classifier: TextClassifier,
        optimizer: Optimizer?,
        zero: ZeroOptimizer? = nil,
        dropout: [UInt8],
        in folder: RunFolder
    ) throws -> URL {
        try folder.makeCheckpoint(step) { place in
            func saveModel() throws { try classifier.save(to: place, for: .resumption) }
            if let sharded = classifier.model.shardedBlocks {
                try sharded.lead(saveModel)
            } else {
                try saveModel()
            }
            if let optimizer {
                let moments = place.appending(path: Self.optimizerState)
                if let zero {
                    try zero.writeState(to: moments)
                } else {
                    try writeSafetensors(optimizer.state, to: moments, bypassesCache: true) {
                        optimizer.offload?.release($0)
                    }
                }
                try Self.saveRandomStates(dropout, to: place)
            }
            try writeAtomically(Data(formatted.utf8), to: place.appending(path: Self.trainerState))
        }
    }

    /// Writes the states of the random streams.
    ///
    /// - Parameters:
    ///   - dropout: The state of the dropout stream.
    ///   - folder: The checkpoint's folder.
    /// - Throws: `CheckpointError` if the file cannot be written; `TorchError`.
    static func saveRandomStates(_ dropout: [UInt8], to folder: URL) throws {
        try writeSafetensors(
            [(RandomPurpose.dropout.rawValue, Tensor(dropout, shape: [dropout.count]))],
            to: folder.appending(path: randomStates)
        )
    }
}
