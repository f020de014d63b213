public import Models
public import Tokenization
public import Torch

/// Tokenized texts and, where they are known, their labels.
public struct EncodedExamples: Sendable, Equatable {
    /// Ids of all texts, none of them without tokens.
    public let encodings: PackedEncodings
    /// A class id per text; empty where labels are not known.
    public let labels: [Int]

    /// The number of texts.
    public var count: Int { encodings.count }

    /// The number of tokens of all texts.
    public var tokenCount: Int { encodings.ids.count }

    /// Encoded texts.
    ///
    /// - Parameters:
    ///   - encodings: Their ids.
    ///   - labels: Their class ids, as many or none.
    public init(encodings: PackedEncodings, labels: [Int] = []) {
        precondition(labels.isEmpty || labels.count == encodings.count, "a label for each text")
        self.encodings = encodings
        self.labels = labels
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
        var cuSeqlens: [Int32] = [0]
        for index in indices {
            ids += encodings[index]
            cuSeqlens.append(Int32(ids.count))
        }
        return try PackedBatch(ids: ids, cuSeqlens: cuSeqlens, padTokenID: padTokenID, device: device)
    }

    /// Batches in order: of `size` texts where it is given, else of as many as make about 4,096 tokens.
    ///
    /// - Parameter size: Texts of a batch.
    /// - Returns: Ranges that cover all texts.
    public func batches(of size: Int?) -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var start = 0
        var tokens = 0
        for index in 0..<count {
            let isFull = size.map { index - start >= $0 } ?? (tokens + length(of: index) > 4096)
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
