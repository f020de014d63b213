import Foundation
public import Torch

/// What a tensor's values look like at a glance.
public struct TensorStatistics: Sendable, Equatable {
    /// The type in which the values were computed; of weights and gradients the type they are kept in.
    public let dtype: DType
    /// Sizes, outermost first.
    public let shape: [Int]
    /// The smallest finite value; 0 where there is none.
    public private(set) var minimum = 0.0
    /// The largest finite value; 0 where there is none.
    public private(set) var maximum = 0.0
    /// The mean magnitude of the finite values.
    public private(set) var meanMagnitude = 0.0
    /// The root of the finite values' squares, summed in float64.
    public private(set) var norm = 0.0
    /// Values that are no numbers.
    public private(set) var nanCount = 0
    /// Infinite values.
    public private(set) var infiniteCount = 0
    /// The place of the first value that is not finite, counted row by row.
    private(set) var firstLost: Int?

    /// Values that are not finite.
    public var nonFiniteCount: Int { nanCount + infiniteCount }

    /// The largest magnitude among the finite values.
    public var largest: Double { max(-minimum, maximum) }

    /// The row, along the first dimension, of the first value that is not finite.
    var firstLostRow: Int? {
        guard let firstLost, let rows = shape.first, rows > 0 else { return nil }
        return firstLost / (shape.reduce(1, *) / rows)
    }

    /// Looks at every value of a tensor.
    ///
    /// - Parameters:
    ///   - tensor: Of floating-point numbers.
    ///   - dtype: What its values were computed in; nil takes its own type.
    /// - Throws: `.outOfMemory`.
    /// - Complexity: One pass on one core.
    init(_ tensor: Tensor, computedIn dtype: DType? = nil) throws(TorchError) {
        self.dtype = dtype ?? tensor.dtype
        shape = tensor.shape
        let tally = try tensor.detached().to(dtype: .float32).withUnsafeBytes {
            Tally($0.bindMemory(to: Float.self))
        }
        (nanCount, infiniteCount, firstLost) = (tally.nanCount, tally.infiniteCount, tally.firstLost)
        let finite = tensor.count - nanCount - infiniteCount
        guard finite > 0 else { return }
        (minimum, maximum) = (Double(tally.minimum), Double(tally.maximum))
        meanMagnitude = tally.magnitudes / Double(finite)
        norm = tally.squares.squareRoot()
    }
}

/// The sums behind the statistics.
private struct Tally {
    var minimum = Float.infinity
    var maximum = -Float.infinity
    var magnitudes = 0.0
    var squares = 0.0
    var nanCount = 0
    var infiniteCount = 0
    var firstLost: Int?

    init(_ values: UnsafeBufferPointer<Float>) {
        for index in values.indices {
            let value = values[index]
            guard value.isFinite else {
                if value.isNaN { nanCount += 1 } else { infiniteCount += 1 }
                firstLost = firstLost ?? index
                continue
            }
            minimum = min(minimum, value)
            maximum = max(maximum, value)
            let magnitude = Double(abs(value))
            magnitudes += magnitude
            squares += magnitude * magnitude
        }
    }
}
