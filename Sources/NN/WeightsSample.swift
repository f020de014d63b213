package import Torch

extension Parameter {
    /// The number of elements at each end of ``sampledEnds()``.
    private static let sampleSize = 1024

    /// The first and the last values, enough to tell models apart without reading them whole.
    ///
    /// - Returns: Two tensors of at most 1024 elements each, in the values' type.
    /// - Throws: `.outOfMemory`.
    package func sampledEnds() throws(TorchError) -> [Tensor] {
        let all = try value.detached().reshaped([value.count])
        let count = min(value.count, Self.sampleSize)
        return try [0..<count, value.count - count..<value.count].map { (range) throws(TorchError) in
            try all.narrowed(0, to: range).copy()
        }
    }
}
