import Foundation
public import Torch

/// Summary statistics of a tensor's values.
public struct TensorStatistics: Sendable, Equatable {
    /// The type in which the values were computed; for weights and gradients their stored type.
    public let dtype: DType
    /// The tensor's shape.
    public let shape: [Int]
    /// The smallest finite value; 0 if there is none.
    public private(set) var minimum = 0.0
    /// The largest finite value; 0 if there is none.
    public private(set) var maximum = 0.0
    /// The mean magnitude of the finite values.
    public private(set) var meanMagnitude = 0.0
    /// The Euclidean norm of the finite values, computed in float64.
    public private(set) var norm = 0.0
    /// The number of NaN values.
    public private(set) var nanCount = 0
    /// The number of infinite values.
    public private(set) var infiniteCount = 0
    /// The index of the first non-finite value, in row-major order.
    private(set) var firstLost: Int?

    /// The number of non-finite values.
    public var nonFiniteCount: Int { nanCount + infiniteCount }

    /// The largest magnitude among the finite values.
    public var largest: Double { max(-minimum, maximum) }

    /// The row, along the first dimension, of the first non-finite value.
    var firstLostRow: Int? {
        guard let firstLost, let rows = shape.first, rows > 0 else { return nil }
        return firstLost / (shape.reduce(1, *) / rows)
    }

    /// Computes the statistics of a tensor.
    ///
    /// - Parameters:
    ///   - tensor: A floating-point tensor.
    ///   - dtype: The type in which the values were computed; nil takes the tensor's type.
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
