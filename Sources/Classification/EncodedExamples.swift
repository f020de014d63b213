public import Models
public import NN
public import Tokenization
public import Torch

/// Tokenized texts and, where it is known, what they are to be taken for.
public struct EncodedExamples: Sendable, Equatable {
    /// Ids of all texts, none of them without tokens.
    public let encodings: PackedEncodings
    /// A label, several or a number per text; nil where they are not known.
    public let targets: Targets?

    /// The number of texts.
    public var count: Int { encodings.count }

    /// The number of tokens of all texts.
    public var tokenCount: Int { encodings.ids.count }

    /// Encoded texts.
    ///
    /// - Parameters:
    ///   - encodings: Their ids.
    ///   - targets: As many, where they are known.
    public init(encodings: PackedEncodings, targets: Targets? = nil) {
        precondition(targets.map { $0.count == encodings.count } ?? true, "a target for each text")
        self.encodings = encodings
        self.targets = targets
    }

    /// Tokens of one text.
    ///
    /// - Parameter index: Which.
    /// - Returns: Their number.
    public func length(of index: Int) -> Int {
        Int(encodings.cuSeqlens[index + 1] - encodings.cuSeqlens[index])
    }

    /// Some of the texts as a batch, in the order given.
    ///
    /// - Parameters:
    ///   - indices: Which texts.
    ///   - padTokenID: The model's padding token.
    ///   - device: Where the model is.
    /// - Returns: The texts, packed.
    /// - Throws: `.outOfMemory`.
    public func batch(
        _ indices: some Collection<Int>,
        padTokenID: Int32?,
        device: Device
    ) throws(TorchError) -> PackedBatch {
        var ids: [Int32] = []
        var typeIDs: [Int32] = []
        var cuSeqlens: [Int32] = [0]
        let hasTypes = !encodings.typeIDs.isEmpty
        for index in indices {
            let range = encodings.range(of: index)
            ids += encodings.ids[range]
            if hasTypes { typeIDs += encodings.typeIDs[range] }
            cuSeqlens.append(Int32(ids.count))
        }
        return try PackedBatch(
            ids: ids,
            cuSeqlens: cuSeqlens,
            typeIDs: hasTypes ? typeIDs : nil,
            padTokenID: padTokenID,
            device: device
        )
    }

    /// Batches in order: of `size` texts if given, else of as many as fit into `maxTokens` tokens.
    ///
    /// - Parameters:
    ///   - size: Texts of a batch.
    ///   - maxTokens: Tokens of a batch; a longer text is a batch by itself. Nil takes 4,096.
    ///   - maxTexts: Texts of a batch without a `size`, one at least; nil for any number.
    /// - Returns: Ranges that cover all texts.
    public func batches(of size: Int?, maxTokens: Int? = nil, maxTexts: Int? = nil) -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var start = 0
        var tokens = 0
        for index in 0..<count {
            let isFull =
                size.map { index - start >= $0 }
                ?? (tokens + length(of: index) > maxTokens ?? 4096 || index - start >= maxTexts ?? .max)
            if isFull, index > start {
                batches.append(start..<index)
                (start, tokens) = (index, 0)
            }
            tokens += length(of: index)
        }
        if start < count { batches.append(start..<count) }
        return batches
    }
}
