import Checkpoints
import Classification
import Files
import Foundation
import JSON
import Models
import NN
import Torch

/// Where a run stands, and how `trainer_state.json` writes it.
///
/// Source: `TrainerState` of transformers 5.23 (trainer_callback.py).
package struct TrainerState: Sendable, Equatable {
    /// Optimizer steps taken.
    package internal(set) var step = 0
    /// The losses of all steps, added up.
    var lossSum = 0.0
    /// Losses of the steps since the last row of the log.
    var lossesSinceLog: [Double] = []
    /// What a run that resumes from here must have in common with this one.
    var identity: RunIdentity?
    /// How a CPU computes this run's products; nil before the run begins.
    var productRoutes: ProductRoutes?
    /// Settings that were changed on resuming, oldest first.
    package internal(set) var changes: [SettingChange] = []
    /// What the checkpoint that was resumed from does not tell of its run.
    var unchecked: [String] = []
    /// How many steps the run was to have when it was saved, where this one has another number.
    var formerTotalSteps: Int?
    /// The step whose checkpoint in the output folder holds all this; nil where something came after it.
    var savedStep: Int?
    /// Whether the run was stopped while it evaluated: that evaluation is the first thing to do when it goes on.
    var evaluationPending = false
    /// The evaluation after the last step, where one was due and was made in this run.
    var lastEvaluation: EvaluationRecord?
    /// The best evaluation so far.
    var selection: ModelSelection
    /// The learning rate of a schedule that follows evaluations.
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

    /// Passes over the data so far.
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

    /// Takes the log's last row away where it is this step's evaluation.
    package mutating func removeLastEvaluation() {
        guard let row = logHistory.last, row["eval_loss"] != .null, row["step"] == .int(step) else { return }
        logHistory.removeLast()
    }

    /// The step of the best model where its checkpoint is kept.
    var bestCheckpoint: Int? {
        arguments.loadBestModelAtEnd || arguments.saveStrategy == .best ? selection.bestStep : nil
    }

    private var document: JSONValue {
        .object([
            "best_global_step": selection.bestStep.map(JSONValue.int) ?? .null,
            "best_metric": selection.bestValue.map(JSONValue.double) ?? .null,
            // Beside this checkpoint: the reference's path from the working folder would not survive a move.
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
            // Ours: what the next row of the log and the run's end still need.
            "evaluation_owed": .bool(evaluationPending),
            "loss_sum": .double(lossSum),
            "losses_since_log": .array(lossesSinceLog.map(JSONValue.double)),
            "product_routes": productRoutes?.json ?? .null,
            "plateau": arguments.scheduler == .reduceOnPlateau ? plateau.json : .null,
            "run": identity?.json ?? .null,
            "setting_changes": .array(changes.map(\.json)),
        ])
    }

    /// Where the streams of random numbers stand, a tensor each.
    static let randomStates = "rng_state.safetensors"

    /// What the optimizer remembers.
    static let optimizerState = "optimizer.safetensors"

    /// Where the run stands.
    static let trainerState = "trainer_state.json"

    /// What a checkpoint holds beside a model.
    static let fileNames = [randomStates, optimizerState, trainerState]

    /// `trainer_state.json`'s text.
    package var formatted: String { document.formatted }

    /// Writes `checkpoint-<step>`, which appears whole or not at all.
    ///
    /// - Parameters:
    ///   - classifier: With this step's weights.
    ///   - optimizer: With this step's moments; nil where the checkpoint is to hold the model alone.
    ///   - dropout: Where the stream of dropout stands.
    ///   - folder: The run's.
    /// - Returns: The checkpoint's folder.
    /// - Throws: `CheckpointError` or `FileError` where it cannot be written.
    func save(
        _ classifier: TextClassifier,
        optimizer: Optimizer?,
        dropout: [UInt8],
        in folder: RunFolder
    ) throws -> URL {
        try folder.makeCheckpoint(step) { place in
            try classifier.save(to: place, for: .resumption)
            if let optimizer {
                try writeSafetensors(
                    optimizer.state,
                    to: place.appending(path: Self.optimizerState),
                    bypassesCache: true
                )
                try writeSafetensors(
                    [(RandomPurpose.dropout.rawValue, Tensor(dropout, shape: [dropout.count]))],
                    to: place.appending(path: Self.randomStates)
                )
            }
            try writeAtomically(Data(formatted.utf8), to: place.appending(path: Self.trainerState))
        }
    }
}
