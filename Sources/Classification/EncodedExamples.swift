public import Models
public import NN
public import Tokenization
public import Torch

/// Tokenized texts and, if known, their targets.
public struct EncodedExamples: Sendable, Equatable {
    /// The ids of all texts, each with at least one token; a text may have several windows.
    public let encodings: PackedEncodings
    /// One target per text; nil if unknown.
    public let targets: Targets?

    /// The number of texts.
    public var count: Int { encodings.textCount }

    /// The number of tokens in all texts.
    public var tokenCount: Int { encodings.ids.count }

    /// Creates encoded examples.
    ///
    /// - Parameters:
    ///   - encodings: The ids of the texts.
    ///   - targets: The targets, one per text, if known.
    public init(encodings: PackedEncodings, targets: Targets? = nil) {
        precondition(targets.map { $0.count == encodings.textCount } ?? true, "a target for each text")
        self.encodings = encodings
        self.targets = targets
    }

    /// Returns the number of tokens of a text, in all of its windows.
    ///
    /// - Parameter index: The index of the text.
    /// - Returns: The number of tokens.
    public func length(of index: Int) -> Int {
        encodings.range(ofText: index).count
    }

    /// The same examples with each window as a separate example, with the target of its text.
    ///
    /// Training learns from them.
    public var windowed: EncodedExamples {
        guard !encodings.windowStarts.isEmpty else { return self }
        let texts = (0..<count).flatMap { text in encodings.sequences(of: text).map { _ in text } }
        return EncodedExamples(encodings: encodings.asSequences, targets: targets?.selecting(texts))
    }

    /// Returns some of the texts as a batch, in the given order, with all windows of each text.
    ///
    /// - Parameters:
    ///   - indices: The indices of the texts.
    ///   - padTokenID: The model's padding token.
    ///   - device: The model's device.
    /// - Returns: The texts, packed.
    /// - Throws: `.outOfMemory`.
    public func batch(
        _ indices: some Collection<Int>,
        padTokenID: Int32?,
        device: Device
    ) throws(TorchError) -> PackedBatch {
        let selected = encodings.selecting(indices)
        return try PackedBatch(
            ids: selected.ids,
            cuSeqlens: selected.cuSeqlens,
            typeIDs: encodings.typeIDs.isEmpty ? nil : selected.typeIDs,
            padTokenID: padTokenID,
            device: device
        )
    }

    /// Selects examples.
    ///
    /// - Parameter indices: The indices of the examples, in any order.
    /// - Returns: The examples in that order, with their targets.
    public func selecting(_ indices: some Collection<Int>) -> EncodedExamples {
        EncodedExamples(encodings: encodings.selecting(indices), targets: targets?.selecting(indices))
    }

    /// Splits the texts into batches in order: `size` texts each if given, else as many as fit into `maxTokens` tokens.
    ///
    /// - Parameters:
    ///   - size: The texts per batch.
    ///   - maxTokens: The most tokens of a batch. A longer text is a batch alone. Nil takes 4,096.
    ///   - maxTexts: The most texts of a batch without a `size`, at least one; nil for any number.
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
