/// A text's tokens.
public struct Encoding: Sendable, Equatable {
    /// Token ids.
    public var ids: [Int32] = []
    /// Where each token stands in the text: UTF-8 bytes from its start; empty at 0 for tokens that were added.
    public var offsets: [Range<Int>] = []
    /// Whether each token was added by the tokenizer, and is not of the text.
    public var specialTokensMask: [Bool] = []
}

/// Many texts' token ids, one after another.
public struct PackedEncodings: Sendable, Equatable {
    /// All ids.
    public var ids: [Int32]
    /// One more than there are texts: text i owns ids `cuSeqlens[i] ..< cuSeqlens[i + 1]`.
    public var cuSeqlens: [Int32]
    /// How many texts were cut to the longest length allowed.
    public var truncatedCount: Int

    /// The number of texts.
    public var count: Int { cuSeqlens.count - 1 }

    /// Packed ids of given texts.
    ///
    /// - Parameters:
    ///   - ids: All ids.
    ///   - cuSeqlens: Offsets that rise from 0 to the number of ids.
    ///   - truncatedCount: How many texts were cut.
    public init(ids: [Int32] = [], cuSeqlens: [Int32] = [0], truncatedCount: Int = 0) {
        self.ids = ids
        self.cuSeqlens = cuSeqlens
        self.truncatedCount = truncatedCount
    }

    /// One text's ids.
    ///
    /// - Parameter index: Which text.
    public subscript(index: Int) -> ArraySlice<Int32> {
        ids[Int(cuSeqlens[index])..<Int(cuSeqlens[index + 1])]
    }
}
