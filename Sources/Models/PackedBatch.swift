import NN
public import Torch

/// Token ids of several examples, one after another, without padding.
public struct PackedBatch {
    /// `[T]`, int64.
    public let ids: Tensor
    /// `[T]`, int64: each token's zero-based position in its example.
    public let positions: Tensor
    /// `[T]`, int64: 0 for the tokens of a pair's first text, 1 for those of its second; nil if all are 0.
    public let typeIDs: Tensor?
    /// B + 1 offsets; example i has the tokens `cuSeqlens[i] ..< cuSeqlens[i + 1]`.
    public let cuSeqlens: [Int32]
    /// The ids as an array, for checks before the model runs.
    let tokenIDs: [Int32]
    /// The type ids as an array.
    let tokenTypeIDs: [Int32]?
    /// The first token of each example.
    let firstTokens: PackedRows
    /// The last token of each example that is not padding; the first if all are padding.
    ///
    /// Source: `GenericForSequenceClassification.forward` of transformers 5.23 (modeling_layers.py:160-180), which uses
    /// the ids instead of the attention mask.
    let lastTokens: PackedRows

    /// The number of examples, B.
    public var count: Int { cuSeqlens.count - 1 }

    /// The examples by their ids and types.
    var examples: [FrozenStates.Example] {
        zip(cuSeqlens, cuSeqlens.dropFirst()).map { start, end in
            FrozenStates.Example(
                ids: Array(tokenIDs[Int(start)..<Int(end)]),
                types: tokenTypeIDs.map { Array($0[Int(start)..<Int(end)]) }
            )
        }
    }

    /// Creates a batch from packed ids.
    ///
    /// - Parameters:
    ///   - ids: The ids of all examples in order.
    ///   - cuSeqlens: B + 1 offsets that ascend from 0 to the number of ids, without empty examples.
    ///   - typeIDs: One token type id per id; nil if all are 0.
    ///   - padTokenID: The padding token, if the model has one.
    ///   - device: The model's device.
    /// - Throws: `.failed` if an example is empty; `.outOfMemory`.
    public init(
        ids: [Int32],
        cuSeqlens: [Int32],
        typeIDs: [Int32]? = nil,
        padTokenID: Int32?,
        device: Device = .cpu
    ) throws(TorchError) {
        var positions: [Int64] = []
        positions.reserveCapacity(ids.count)
        var last: [Int32] = []
        for (start, end) in zip(cuSeqlens, cuSeqlens.dropFirst()) {
            guard start < end, Int(end) <= ids.count else {
                throw TorchError(
                    operation: "PackedBatch",
                    message: "an example has no tokens; drop empty texts"
                )
            }
            positions += (0..<Int64(end - start)).map { $0 }
            last.append(((start..<end).last { ids[Int($0)] != padTokenID } ?? start) - start)
        }
        self.ids = try Tensor(ids.map(Int64.init)).to(device: device)
        self.positions = try Tensor(positions).to(device: device)
        self.typeIDs = try typeIDs.map { ids throws(TorchError) in
            try Tensor(ids.map(Int64.init)).to(device: device)
        }
        self.cuSeqlens = cuSeqlens
        tokenIDs = ids
        tokenTypeIDs = typeIDs
        let zeros = [Int32](repeating: 0, count: last.count)
        firstTokens = try PackedRows(positions: zeros, cuSeqlens: cuSeqlens, device: device)
        lastTokens = try PackedRows(positions: last, cuSeqlens: cuSeqlens, device: device)
    }
}
