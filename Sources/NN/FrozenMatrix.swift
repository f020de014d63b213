package import Torch

/// The matrix of a layer as an adapter sees it, `[out, in]`: in floating point, or quantized.
package enum FrozenMatrix {
    case resident(Tensor)
    case quantized(QuantizedMatrix)

    /// The values.
    ///
    /// - Returns: `[out, in]`, float32, without a gradient.
    /// - Throws: `.outOfMemory`.
    package func values() throws(TorchError) -> Tensor {
        switch self {
        case .resident(let matrix): try matrix.detached().to(dtype: .float32)
        case .quantized(let matrix): try matrix.dequantized()
        }
    }

    /// The product with rows, `x · Wᵀ`, without a gradient of the matrix.
    ///
    /// - Parameter x: `[n, in]`, float32.
    /// - Returns: `[n, out]`, float32.
    /// - Throws: `.failed` if the sizes differ.
    func product(_ x: Tensor) throws(TorchError) -> Tensor {
        switch self {
        case .resident: try x.matmul(values().transposed(0, 1))
        // Integer products would round an adapter's matrix, too.
        case .quantized(let matrix) where matrix.isPacked: try x.matmul(values().transposed(0, 1))
        case .quantized(let matrix): try x.linear(matrix)
        }
    }

    /// The squared lengths of the rows, `[out]`, float32.
    ///
    /// - Throws: `.outOfMemory`.
    func squaredLengths() throws(TorchError) -> Tensor {
        guard case .quantized(let matrix) = self else { return try values().map(.square).sum(along: 1) }
        let parts = try matrix.tiles.map { (rows) throws(TorchError) in
            try matrix.dequantized(rows: rows).map(.square).sum(along: 1)
        }
        return try .concatenated(parts)
    }
}

extension QuantizedMatrix {
    /// Dequantizes the rows that ids name.
    ///
    /// - Parameter ids: `[T]`, int64.
    /// - Returns: `[T, columns]`, float32, on the device of the ids.
    /// - Throws: `.indexOutOfRange` for an id outside of the rows.
    func rows(_ ids: Tensor) throws(TorchError) -> Tensor {
        let indices = try ids.to(device: .cpu).array(of: Int64.self)
        let output = try Tensor.empty([indices.count, shape[1]])
        for (place, index) in indices.enumerated() {
            guard index >= 0 else {
                throw TorchError(
                    code: .indexOutOfRange,
                    operation: "embedding",
                    message: "id \(index) is negative"
                )
            }
            try dequantize(from: Int(index), into: output.narrowed(0, to: place..<place + 1))
        }
        return try output.to(device: ids.device)
    }
}
