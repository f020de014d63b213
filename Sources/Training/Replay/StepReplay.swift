import Classification
import Models
import NN
import Tokenization
import Torch

/// An optimizer step with all that it takes to take it again: data, loss, precision, and where the random streams stood.
///
/// A run whose loss or gradients are no longer numbers leaves one in a file, with the weights of that moment:
///
/// ```swift
/// let (replay, model) = try StepReplay.load(file)
/// print(try replay.run(on: model).explanation)
/// ```
public struct StepReplay: Sendable, Equatable {
    /// Which step it is, from 1.
    public internal(set) var step: Int
    /// The run's steps.
    public internal(set) var totalSteps: Int
    /// The rate it was to be taken at.
    public internal(set) var learningRate: Double
    /// The run's seed.
    public internal(set) var seed: UInt64
    /// The type of matrix products.
    public internal(set) var precision: Precision
    /// What the run said of the step.
    public internal(set) var fault: String
    /// The examples' places in the training data, in the order in which they go through the model.
    public internal(set) var examples: [Int]
    /// Their tokens as texts, for reports.
    public internal(set) var pieces: [String]
    /// Whether weights nearer to the loss had been moved already, so that the step cannot be repeated exactly.
    public internal(set) var hasMoved: Bool
    /// Whether blocks are computed again in the backward pass.
    var checkpointsBlocks: Bool
    /// Whether each micro-batch divides by its own weight, as the reference's fault has it.
    var hfCompatGradientAccumulation: Bool
    /// The examples themselves, and what they are to be taken for.
    var encoded: EncodedExamples
    /// How many examples go through the model at once.
    var microBatchSizes: [Int]
    /// What the step divides its loss by.
    var windowWeight: Double
    var loss: LossSettings
    /// Where the stream of dropout stood when the step began.
    var dropout: [UInt8]
    /// Where the run was.
    var device: String
    /// How a CPU computed its products.
    var productRoutes: ProductRoutes
    /// Parameters that were not trained.
    var frozen: [String]

    /// Whether the loss was a closure, which no file can hold.
    public var hasCustomLoss: Bool { loss == .custom }

    /// The tokens of an example's text.
    ///
    /// - Parameter place: A place that a report names.
    /// - Returns: The token there; nil where it is not known.
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

/// A step as it begins, for the case that it fails.
struct StepStart {
    /// Which, from 0.
    let index: Int
    let learningRate: Double
    /// Its examples' places in the training data.
    let window: ArraySlice<Int>
    /// Where the stream of dropout stands.
    let dropout: [UInt8]
}

extension Trainer {
    /// All that it takes to take a step again, besides the weights.
    func replay(of start: StepStart, fault: String, hasMoved: Bool = false) -> StepReplay {
        let batches = microBatches(of: start.window)
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

extension EncodedExamples {
    /// Some of the examples, in the order given.
    fileprivate func selecting(_ indices: [Int]) -> EncodedExamples {
        var picked = encodings
        (picked.ids, picked.typeIDs, picked.spans, picked.cuSeqlens) = ([], [], [], [0])
        for index in indices {
            let range = encodings.range(of: index)
            picked.ids += encodings.ids[range]
            if !encodings.typeIDs.isEmpty { picked.typeIDs += encodings.typeIDs[range] }
            picked.cuSeqlens.append(Int32(picked.ids.count))
        }
        return EncodedExamples(encodings: picked, targets: targets?.selecting(indices))
    }
}
