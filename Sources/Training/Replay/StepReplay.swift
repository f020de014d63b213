import Classification
import Models
import NN
import Tokenization
import Torch

/// Everything needed to replay an optimizer step, except the weights: data, loss, precision and random state.
///
/// A run with a NaN or infinite loss or gradient writes one to a file, with the weights before the step:
///
/// ```swift
/// let (replay, model) = try StepReplay.load(file)
/// print(try replay.run(on: model).explanation)
/// ```
public struct StepReplay: Sendable, Equatable {
    /// The number of the step, from 1.
    public internal(set) var step: Int
    /// The number of steps of the run.
    public internal(set) var totalSteps: Int
    /// The learning rate of the step.
    public internal(set) var learningRate: Double
    /// The run's seed.
    public internal(set) var seed: UInt64
    /// The type of matrix products.
    public internal(set) var precision: Precision
    /// The failure that the run reported.
    public internal(set) var fault: String
    /// The examples' zero-based indices in the training data, in the order in which they go through the model.
    public internal(set) var examples: [Int]
    /// The examples' tokens as texts, for reports.
    public internal(set) var pieces: [String]
    /// Whether weights closer to the loss had already been updated, so that the step cannot be repeated exactly.
    public internal(set) var hasMoved: Bool
    /// Whether blocks are recomputed in the backward pass.
    var checkpointsBlocks: Bool
    /// Whether each micro-batch's loss is divided by its own weight, as in transformers' inexact accumulation.
    var hfCompatGradientAccumulation: Bool
    /// The tokenized examples and their targets.
    var encoded: EncodedExamples
    /// The number of examples of each micro-batch.
    var microBatchSizes: [Int]
    /// The total weight by which the step divides its loss.
    var windowWeight: Double
    var loss: LossSettings
    /// The state of the dropout stream at the beginning of the step.
    var dropout: [UInt8]
    /// The device of the run.
    var device: String
    /// The CPU routes of matrix products in the run.
    var productRoutes: ProductRoutes
    /// The names of frozen parameters.
    var frozen: [String]

    /// Whether the loss was custom, which a file cannot contain.
    public var hasCustomLoss: Bool { loss.isCustom }

    /// The token at a place of a report, as text.
    ///
    /// - Parameter place: A place in a report.
    /// - Returns: The token; nil if it is unknown.
    public func piece(at place: ReplayReport.Place) -> String? {
        guard let token = place.token, let index = examples.firstIndex(of: place.example) else { return nil }
        let position = encoded.encodings.range(of: index).lowerBound + token
        return pieces.indices.contains(position) ? pieces[position] : nil
    }

    /// The micro-batches, as ranges of ``examples``.
    var microBatches: [Range<Int>] {
        var start = 0
        return microBatchSizes.map { size in
            defer { start += size }
            return start..<start + size
        }
    }
}

/// The beginning of a step, kept in case the step fails.
struct StepStart {
    /// The zero-based index of the step.
    let index: Int
    let learningRate: Double
    /// The examples' zero-based indices in the training data.
    let window: ArraySlice<Int>
    /// The state of the dropout stream.
    let dropout: [UInt8]
    /// The part of the window that this process computes; nil for all of it.
    var share: ArraySlice<Int>?
}

extension Trainer {
    /// Everything needed to replay a step, except the weights.
    func replay(of start: StepStart, fault: String, hasMoved: Bool = false) -> StepReplay {
        let batches = microBatches(of: start.share ?? start.window)
        let examples = batches.flatMap(\.self)
        let encoded = train.selecting(examples)
        let tokenizer = classifier.tokenizer
        return StepReplay(
            step: start.index + 1,
            totalSteps: totalSteps,
            learningRate: start.learningRate,
            seed: arguments.seed,
            precision: arguments.precision,
            fault: fault,
            examples: examples,
            pieces: encoded.encodings.ids.map { tokenizer.token(for: $0) ?? "" },
            hasMoved: hasMoved,
            checkpointsBlocks: arguments.gradientCheckpointing,
            hfCompatGradientAccumulation: arguments.hfCompatGradientAccumulation,
            encoded: encoded,
            microBatchSizes: batches.map(\.count),
            windowWeight: loss.totalWeight(of: targets.selecting(start.window)),
            loss: LossSettings(loss),
            dropout: start.dropout,
            device: "\(classifier.model.device)",
            productRoutes: classifier.model.productRoutes,
            frozen: classifier.model.parameters.parameters.filter { !$0.isTrainable }.map(\.name)
        )
    }
}
