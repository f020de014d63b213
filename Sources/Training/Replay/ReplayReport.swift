import Foundation
import Torch

/// What a step looked like from the inside when it was run again.
public struct ReplayReport: Sendable, Equatable {
    /// A token of an example.
    public struct Place: Sendable, Equatable {
        /// The example's place in the training data, from 0.
        public var example: Int
        /// The token's place in the example, from 0; nil where the layer looks at one state an example.
        public var token: Int?
    }

    /// A linear layer at work.
    public struct Layer: Sendable, Equatable {
        /// Its weight's name in the checkpoint.
        public var name: String
        /// What it was given.
        public var input: TensorStatistics
        /// What it gave, and in which type it multiplied.
        public var output: TensorStatistics
        /// Whose value was the first that is not finite, in what it was given or else in what it gave.
        public var firstLost: Place?
    }

    /// A parameter, or its gradient.
    public struct Named: Sendable, Equatable {
        /// The parameter's name in the checkpoint.
        public var name: String
        /// Its values.
        public var statistics: TensorStatistics
    }

    /// What goes through the model at once.
    public struct MicroBatch: Sendable, Equatable {
        /// The examples' places in the training data.
        public var examples: [Int]
        /// Their tokens.
        public var tokens: Int
        /// Its share of the step's mean loss, in nats.
        public var loss: Double
        /// In the order in which they ran.
        public var layers: [Layer]
        /// The examples whose logits are not finite.
        public var nonFiniteExamples: [Int]
        /// Gradients in the order of the backward pass, each with what the micro-batches before this one gave; none where
        /// there was no such pass.
        public var gradients: [Named]
    }

    /// Where numbers were lost first.
    public enum Origin: Sendable, Equatable {
        /// A weight holds what is no finite number.
        case weight(Named)
        /// A layer was given finite numbers only, and gave others.
        case layer(Layer)
        /// A layer was given others already, by a norm, an attention or an activation, which compute in float32.
        case before(Layer)
        /// All layers gave finite numbers, and the loss of them, in float32, is none.
        case loss
        /// A gradient, the first one in the backward pass.
        case gradient(Named)
        /// Every gradient is finite, and the norm of all of them is too large for float32.
        case norm(Double)
    }

    /// The weights that hold what is not finite.
    public var weightsLost: [Named]
    /// Up to the one whose loss is not finite.
    public var microBatches: [MicroBatch]
    /// Examples that lose gradients when they run alone, without dropout; empty where only many together do.
    public var examplesWithLostGradients: [Int]
    /// Where numbers were lost first; nil where none was.
    public var origin: Origin?

    /// The examples that it comes of, as far as that can be told.
    public var examples: [Int] {
        guard let last = microBatches.last else { return [] }
        if !last.nonFiniteExamples.isEmpty { return last.nonFiniteExamples }
        if !examplesWithLostGradients.isEmpty { return examplesWithLostGradients }
        return last.loss.isFinite ? microBatches.flatMap(\.examples) : last.examples
    }

    /// One sentence on where numbers were lost first, with the type they were computed in.
    public var explanation: String {
        switch origin {
        case nil: "no number was lost when the step was run again"
        case .weight(let weight):
            "the weight \(weight.name) (\(weight.statistics.dtype.rawValue)) itself holds "
                + "\(weight.statistics.nonFiniteCount) such values"
        case .layer(let layer):
            "the first layer that loses them is \(layer.name), in \(layer.output.dtype.rawValue)"
                + Self.shown(layer.firstLost)
                + "; it was given values up to \(Self.short(layer.input.largest))"
        case .before(let layer):
            "numbers were lost on the way to \(layer.name), in a norm, attention or activation before it (float32)"
                + Self.shown(layer.firstLost)
        case .loss: "every layer's output is finite, so they are lost in the loss itself (float32)"
        case .gradient(let gradient):
            "the first in the backward pass is that of \(gradient.name) (\(gradient.statistics.dtype.rawValue)), with "
                + "\(gradient.statistics.nonFiniteCount) such values"
        case .norm(let norm):
            "every gradient is finite, and their norm, \(Self.short(norm)), alone is too large for float32"
        }
    }

    private static func shown(_ place: Place?) -> String {
        guard let place else { return "" }
        return ", at " + (place.token.map { "token \($0) of " } ?? "") + "example \(place.example)"
    }

    private static func short(_ number: Double) -> String { String(format: "%.3g", number) }
}
