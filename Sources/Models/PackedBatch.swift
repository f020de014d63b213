public import Torch

/// Token ids of several examples, one after another, without padding.
public struct PackedBatch {
    /// `[T]`, int64.
    public let ids: Tensor
    /// `[T]`, int64: each token's place in its own example, from 0.
    public let positions: Tensor
    /// B + 1 offsets; example i owns tokens `cuSeqlens[i] ..< cuSeqlens[i + 1]`.
    public let cuSeqlens: [Int32]
    /// `[B]`, int64: the row of each example's last token that is not padding; its first where all are.
    ///
    /// Source: `GenericForSequenceClassification.forward` of transformers 5.23 (modeling_layers.py:160-180), which looks at
    /// ids and not at the attention mask.
    public let lastTokenRows: Tensor

    /// The number of examples, B.
    public var count: Int { cuSeqlens.count - 1 }

    /// Packs ids.
    ///
    /// - Parameters:
    ///   - ids: All examples' ids in order.
    ///   - cuSeqlens: B + 1 offsets that rise from 0 to the number of ids, no example empty.
    ///   - padTokenID: The padding token, if the model has one.
    ///   - device: Where the model is.
    /// - Throws: `.failed` where an example is empty; `.outOfMemory`.
    public init(
        ids: [Int32],
        cuSeqlens: [Int32],
        padTokenID: Int32?,
        device: Device = .cpu
    ) throws(TorchError) {
        var positions: [Int64] = []
        positions.reserveCapacity(ids.count)
        var lastTokenRows: [Int64] = []
        for (start, end) in zip(cuSeqlens, cuSeqlens.dropFirst()) {
            guard start < end, Int(end) <= ids.count else {
                throw TorchError(
                    operation: "PackedBatch",
                    message: "an example without tokens; drop empty texts"
                )
            }
            positions += (0..<Int64(end - start)).map { $0 }
            let last = (start..<end).last { ids[Int($0)] != padTokenID }
            lastTokenRows.append(Int64(last ?? start))
        }
        self.ids = try Tensor(ids.map(Int64.init)).to(device: device)
        self.positions = try Tensor(positions).to(device: device)
        self.cuSeqlens = cuSeqlens
        self.lastTokenRows = try Tensor(lastTokenRows).to(device: device)
    }
}
