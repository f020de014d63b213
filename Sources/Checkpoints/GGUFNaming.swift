package import Torch

/// The names and values of a model's tensors as llama.cpp stores them: the reverse of ``HubNamedGGUF``.
package struct GGUFNaming {
    private let architecture: GGUFArchitecture
    private let headCount: Int
    private let keyValueHeadCount: Int
    private let positionOffset: Int

    /// Looks up the names.
    ///
    /// - Parameters:
    ///   - name: The file's `general.architecture`.
    ///   - modelType: The Hub's `model_type`.
    ///   - headCount: The number of attention heads.
    ///   - keyValueHeadCount: The number of key heads.
    ///   - positionOffset: The rows to cut off the front of RoBERTa's table of positions.
    package init?(
        architecture name: String,
        modelType: String,
        headCount: Int,
        keyValueHeadCount: Int,
        positionOffset: Int
    ) {
        guard let found = GGUFArchitecture.of(name, modelType: modelType) else { return nil }
        architecture = found
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.positionOffset = positionOffset
    }

    /// Returns the name in the file.
    ///
    /// - Parameter name: The name in the Hub's checkpoint.
    /// - Returns: The name; nil if llama.cpp has no such tensor.
    package func name(of name: String) -> String? { architecture.place(ofHub: name)?.gguf }

    /// Returns the shape in the file.
    ///
    /// - Parameters:
    ///   - shape: The shape in the Hub's checkpoint, outermost dimension first.
    ///   - name: The name in the Hub's checkpoint.
    /// - Returns: The shape, outermost dimension first.
    package func shape(of shape: [Int], _ name: String) -> [Int] {
        switch architecture.place(ofHub: name)?.change {
        case .transposed where shape.count == 2: shape.reversed()
        case .afterPadding: [max(shape[0] - positionOffset, 0)] + shape.dropFirst()
        default: shape
        }
    }

    /// Returns the values as llama.cpp stores them.
    ///
    /// - Parameters:
    ///   - values: The values in the Hub's checkpoint, in float32.
    ///   - name: Their name in the Hub's checkpoint.
    /// - Returns: The values in the file's order, contiguous.
    /// - Throws: `.failed` if the rows do not divide into the heads.
    package func stored(_ values: Tensor, _ name: String) throws(TorchError) -> Tensor {
        let (shape, rest) = (values.shape, Array(values.shape.dropFirst()))
        let rows = shape.first ?? 0
        func interleaved(_ heads: Int) throws(TorchError) -> Tensor {
            try values.reshaped([heads, 2, rows / heads / 2] + rest).transposed(1, 2).contiguous()
                .reshaped(shape)
        }
        guard let change = architecture.place(ofHub: name)?.change else { return try values.contiguous() }
        switch change {
        case .none: return try values.contiguous()
        case .interleavedQueries: return try interleaved(headCount)
        case .interleavedKeys: return try interleaved(keyValueHeadCount)
        case .grouped:
            return try values.reshaped([headCount, 3, rows / headCount / 3] + rest).transposed(0, 1)
                .contiguous()
                .reshaped(shape)
        case .plusOne: return try values + 1
        case .transposed:
            return shape.count == 2 ? try values.transposed(0, 1).contiguous() : try values.contiguous()
        case .afterPadding:
            return try values.narrowed(0, to: min(positionOffset, rows)..<rows).contiguous()
        }
    }
}
