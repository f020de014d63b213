// The tensors that hold a quantized matrix. They may be moved, for example to the process that they belong to.
extension QuantizedMatrix {
    /// The tensors that hold the codes and scales, in a fixed order; none for blocks of a file, which stay there, and for a matrix
    /// that is packed for prediction.
    package var tensors: [Tensor] {
        switch contents {
        case .fourBits(let codes): codes.tensors
        case .eightBits(let codes): [codes.codes, codes.scales]
        case .stored, .packed: []
        }
    }

    /// Whether the matrix consists of blocks in a file, such as those of GGUF, so that no tensors hold it.
    package var isInFile: Bool {
        if case .stored = contents { true } else { false }
    }

    /// The same matrix with its codes and scales in other tensors, which may get their values later.
    ///
    /// - Parameter others: Contiguous tensors on the CPU of the same shapes and types as ``tensors``, in the same order.
    /// - Returns: A matrix that refers to these tensors.
    /// - Throws: `.failed` if shapes or types differ.
    package func held(by others: [Tensor]) throws(TorchError) -> QuantizedMatrix {
        guard others.map(\.spec) == tensors.map(\.spec) else {
            throw TorchError(
                operation: "quantized matrix",
                message: "\(others) cannot hold a matrix \(shape) in \(storage), which needs \(tensors)"
            )
        }
        return switch contents {
        case .fourBits(let codes): QuantizedMatrix(codes.held(by: others), originalDType: originalDType)
        case .eightBits:
            QuantizedMatrix(
                EightBitCodes(codes: others[0], scales: others[1]),
                originalDType: originalDType
            )
        case .stored, .packed: self
        }
    }

    /// The tensors of a matrix that ``quantizing(_:to:isDoubleQuantized:blockSize:)`` will return, before it is quantized.
    ///
    /// - Parameters:
    ///   - shape: Sizes `[out, in]`.
    ///   - kind: The storage type.
    ///   - isDoubleQuantized: Whether the scales of 4-bit blocks are quantized to 8 bits, too.
    ///   - blockSize: The number of 4-bit elements that share a scale.
    /// - Returns: Shapes and types in the order of ``tensors``.
    package static func specs(
        of shape: [Int],
        as kind: Quantization,
        isDoubleQuantized: Bool = false,
        blockSize: Int = 64
    ) -> [TensorSpec] {
        guard kind != .int8 else {
            return [
                TensorSpec(shape: shape, dtype: .int8),
                TensorSpec(shape: Array(shape.prefix(1)), dtype: .float32),
            ]
        }
        func quotient(_ count: Int, _ size: Int) -> Int { (count + size - 1) / size }
        let count = shape.reduce(1, *)
        let blocks = quotient(count, blockSize)
        let codes = TensorSpec(shape: [quotient(count, 2), 1], dtype: .uint8)
        guard isDoubleQuantized else { return [codes, TensorSpec(shape: [blocks], dtype: .float32)] }
        return [
            codes,
            TensorSpec(shape: [blocks], dtype: .uint8),
            TensorSpec(shape: [256], dtype: .float32),
            TensorSpec(shape: [quotient(blocks, FourBitCodes.nestedBlockSize)], dtype: .float32),
        ]
    }
}
