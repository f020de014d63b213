package import Torch

extension Parameter {
    /// The number of elements at each end of ``sampledEnds()``.
    private static let sampleSize = 1024

    /// The first and the last values, enough to tell models apart without reading them whole.
    ///
    /// - Returns: Two tensors of at most 1024 elements each, in the values' type.
    /// - Throws: `.outOfMemory`.
    package func sampledEnds() throws(TorchError) -> [Tensor] {
        if let keptEnds { return keptEnds }
        if let quantized { return try quantized.sampledEnds(Self.sampleSize) }
        let all = try value.detached().reshaped([value.count])
        let count = min(value.count, Self.sampleSize)
        return try [0..<count, value.count - count..<value.count].map { (range) throws(TorchError) in
            try all.narrowed(0, to: range).copy()
        }
    }
}

extension QuantizedMatrix {
    /// The first and the last values, dequantized.
    fileprivate func sampledEnds(_ limit: Int) throws(TorchError) -> [Tensor] {
        let (rows, columns) = (shape[0], shape[1])
        let count = min(rows * columns, limit)
        guard count > 0 else { return [] }
        let height = (count + columns - 1) / columns
        let first = try dequantized(rows: 0..<height).reshaped([height * columns])
        let last = try dequantized(rows: rows - height..<rows).reshaped([height * columns])
        // Copies, because a view would keep whole rows in memory.
        return [
            try first.narrowed(0, to: 0..<count).copy(),
            try last.narrowed(0, to: height * columns - count..<height * columns).copy(),
        ]
    }
}
