import Foundation
import Torch

/// The layers, weights and gradients of a replayed step.
public struct ReplayReport: Sendable, Equatable {
    /// A token of an example.
    public struct Place: Sendable, Equatable {
        /// The example's zero-based index in the training data.
        public var example: Int
        /// The token's zero-based index in the example; nil if the layer has one state per example.
        public var token: Int?
    }

    /// The input and output of a linear layer.
    public struct Layer: Sendable, Equatable {
        /// The name of the layer's weight in the checkpoint.
        public var name: String
        /// Statistics of the input.
        public var input: TensorStatistics
        /// Statistics of the output, with the type of the matrix product.
        public var output: TensorStatistics
        /// The place of the first non-finite value in the input, or else in the output.
        public var firstLost: Place?
    }

    /// A parameter, or its gradient.
    public struct Named: Sendable, Equatable {
        /// The parameter's name in the checkpoint.
        public var name: String
        /// Statistics of the values.
        public var statistics: TensorStatistics
    }

    /// A micro-batch.
    public struct MicroBatch: Sendable, Equatable {
        /// The examples' zero-based indices in the training data.
        public var examples: [Int]
        /// The number of tokens.
        public var tokens: Int
        /// Its share of the step's mean loss, in nats.
        public var loss: Double
        /// The layers in the order in which they ran.
        public var layers: [Layer]
        /// The examples with non-finite logits.
        public var nonFiniteExamples: [Int]
        /// Gradients in the order of the backward pass, including those of earlier micro-batches; empty without a backward
        /// pass.
        public var gradients: [Named]
    }

    /// The origin of the first non-finite value.
    public enum Origin: Sendable, Equatable {
        /// A weight has non-finite values.
        case weight(Named)
        /// A layer with a finite input has a non-finite output.
        case layer(Layer)
        /// The layer's input was already non-finite, from a norm, attention or activation, which compute in float32.
        case before(Layer)
        /// All outputs are finite, but the loss, in float32, is not.
        case loss
        /// A gradient is the first non-finite one in the backward pass.
        case gradient(Named)
        /// Every gradient is finite, but the gradient norm is too large for float32.
        case norm(Double)
    }

    /// The weights with non-finite values.
    public var weightsLost: [Named]
    /// The micro-batches, up to the first with a non-finite loss or gradient.
    public var microBatches: [MicroBatch]
    /// Examples with non-finite gradients even when run alone and without dropout; empty if only several examples together
    /// cause them.
    public var examplesWithLostGradients: [Int]
    /// The origin of the first non-finite value; nil if all values are finite.
    public var origin: Origin?

    /// The examples that caused it, as far as known.
    public var examples: [Int] {
        guard let last = microBatches.last else { return [] }
        if !last.nonFiniteExamples.isEmpty { return last.nonFiniteExamples }
        if !examplesWithLostGradients.isEmpty { return examplesWithLostGradients }
        return last.loss.isFinite ? microBatches.flatMap(\.examples) : last.examples
    }

    /// One sentence on the origin of the first non-finite value, with the type of the computation.
    public var explanation: String {
        switch origin {
        case nil: "the replay produced no NaN or infinity"
        case .weight(let weight):
            "the weight \(weight.name) (\(weight.statistics.dtype.rawValue)) has "
                + "\(weight.statistics.nonFiniteCount) non-finite values"
        case .layer(let layer):
            "the first layer with a non-finite output is \(layer.name), in \(layer.output.dtype.rawValue)"
                + Self.shown(layer.firstLost)
                + "; its input has values up to \(Self.short(layer.input.largest))"
        case .before(let layer):
            "the first non-finite values are in a norm, attention or activation before \(layer.name) (float32)"
                + Self.shown(layer.firstLost)
        case .loss: "every layer's output is finite, so the loss itself overflows (float32)"
        case .gradient(let gradient):
            "the first non-finite gradient in the backward pass is that of \(gradient.name) "
                + "(\(gradient.statistics.dtype.rawValue)), with \(gradient.statistics.nonFiniteCount) such values"
        case .norm(let norm):
            "every gradient is finite, but the gradient norm, \(Self.short(norm)), is too large for float32"
        }
    }

    private static func shown(_ place: Place?) -> String {
        guard let place else { return "" }
        return ", at " + (place.token.map { "token \($0) of " } ?? "") + "example \(place.example)"
    }

    private static func short(_ number: Double) -> String { String(format: "%.3g", number) }
}
