import Classification
import JSON
import NN
import Tokenization

/// What a run must have in common with the one that it goes on from: where it stands in the data, and what the optimizer
/// remembers, mean nothing otherwise.
///
/// Learning rate, schedule, evaluation, saving and the cut of a step into micro-batches may differ.
struct RunIdentity: Sendable, Equatable {
    /// The number of training examples.
    let examples: Int
    /// Tells their ids and targets from others.
    let data: String
    /// Examples of a step.
    let batchSize: Int
    /// Seed and manner of the data's order.
    let order: String
    let optimizer: String

    init(_ train: EncodedExamples, _ arguments: TrainingArguments) {
        examples = train.count
        data = train.fingerprint
        batchSize = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
        order =
            arguments.trainSamplingStrategy == .sequential
            ? "sequential" : "random, seed \(arguments.dataSeed ?? arguments.seed)"
        optimizer = arguments.optimizer.rawValue
    }

    var json: JSONValue {
        .object([
            "batch_size": .int(batchSize), "data": .string(data), "examples": .int(examples),
            "optim": .string(optimizer), "order": .string(order),
        ])
    }

    /// What a checkpoint's run had otherwise, if anything; what an old checkpoint does not tell is taken to be the same.
    ///
    /// - Parameter saved: As ``json`` wrote it.
    /// - Returns: For a message: `steps of 8 examples, and this one has 16`.
    func difference(from saved: JSONValue) -> String? {
        if let other = saved["examples"].int, other != examples {
            return "\(other) training examples, and this one has \(examples)"
        }
        if let other = saved["data"].string, other != data {
            return "other texts, labels or tokens than this one, though as many"
        }
        if let other = saved["batch_size"].int, other != batchSize {
            return "\(other) examples a step, and this one has \(batchSize) "
                + "(--per-device-train-batch-size times --gradient-accumulation-steps)"
        }
        if let other = saved["order"].string, other != order {
            return "the data in another order (\(other)), and this one has it \(order)"
        }
        if let other = saved["optim"].string, other != optimizer {
            return "--optim \(other), and this one has \(optimizer)"
        }
        return nil
    }
}
