/// The settings that split a text, or a pair, into windows that fit a model.
public struct Truncation: Sendable, Equatable {
    /// An end of a text.
    public enum Side: Sendable, Equatable {
        case left, right
    }

    /// The most tokens of a window, special ones included.
    public var maxLength: Int
    /// The text of a pair that is truncated.
    public var strategy: PairTruncation
    /// The end from which tokens are removed; windows start at the other one.
    public var side: Side
    /// The number of tokens that a window shares with the previous one.
    public var stride: Int

    /// Creates the settings.
    ///
    /// - Parameters:
    ///   - maxLength: The most tokens of a window, special ones included.
    ///   - strategy: The text of a pair that is truncated. Default the longer one.
    ///   - side: The end from which tokens are removed. Default the right one.
    ///   - stride: The number of tokens that a window shares with the previous one. Default 0.
    public init(
        maxLength: Int,
        strategy: PairTruncation = .longestFirst,
        side: Side = .right,
        stride: Int = 0
    ) {
        self.maxLength = maxLength
        self.strategy = strategy
        self.side = side
        self.stride = stride
    }
}

extension Tokenizer {
    /// Encodes a text, or a pair, and returns the rest of a long text as further windows.
    ///
    /// - Parameters:
    ///   - text: The first text.
    ///   - pair: The second text, if there is one.
    ///   - truncation: The length of the windows, and how to split texts into them.
    ///   - addSpecialTokens: Whether to add special tokens to every window. Default true.
    /// - Returns: The first window; the others are its `overflowing`, in tokenizers' order.
    /// - Throws: `.impossible` if windows have no room besides the special tokens and the stride, or if the text to
    ///   truncate is too short.
    public func encode(
        _ text: String,
        pair: String? = nil,
        truncation: Truncation,
        addSpecialTokens: Bool = true
    ) throws(TokenizerError) -> Encoding {
        let added = addSpecialTokens ? addedCount(isPair: pair != nil) : 0
        guard truncation.maxLength >= added, truncation.stride >= 0 else {
            throw TokenizerError(
                .impossible,
                "A window of length \(truncation.maxLength) has no room for its special tokens (\(added)). Raise maxLength."
            )
        }
        let room = truncation.maxLength - added
        let first = encodeAlone(text, sequence: 0)
        guard let pair else {
            if case .onlySecond = truncation.strategy, first.count > room {
                throw TokenizerError(
                    .impossible,
                    ".onlySecond needs a second text to truncate. Use .longestFirst or .onlyFirst."
                )
            }
            return joined([try first.windows(of: room, truncation)], addSpecialTokens: addSpecialTokens)
        }
        let second = encodeAlone(pair, sequence: 1)
        let counts = try Self.lengths(
            first.count,
            second.count,
            room: room,
            truncation.strategy,
            of: truncation
        )
        let sequences = [
            try first.windows(of: counts.0, truncation), try second.windows(of: counts.1, truncation),
        ]
        return joined(sequences, addSpecialTokens: addSpecialTokens)
    }

    private static func lengths(
        _ first: Int,
        _ second: Int,
        room: Int,
        _ strategy: PairTruncation,
        of truncation: Truncation
    ) throws(TokenizerError) -> (Int, Int) {
        if room == 0 { return (0, 0) }
        let excess = first + second - room
        let giving: Int? =
            switch strategy {
            case .longestFirst: nil
            case .onlyFirst: first
            case .onlySecond: second
            }
        if excess > 0, let giving, giving <= excess {
            throw TokenizerError(
                .impossible,
                "The text to truncate has \(giving) tokens, but \(excess) must be removed. Raise maxLength, now "
                    + "\(truncation.maxLength), or use .longestFirst."
            )
        }
        return lengths(first, second, room: room, strategy)
    }
}

extension Encoding {
    /// Splits the encoding into windows; the first one holds the others in `overflowing`.
    ///
    /// Source: [`Encoding::truncate`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/tokenizer/encoding.rs)
    fileprivate func windows(of length: Int, _ truncation: Truncation) throws(TokenizerError) -> Encoding {
        guard length < count else { return self }
        if length == 0 {
            var result = Encoding()
            result.overflowing = [self]
            return result
        }
        guard truncation.stride < length else {
            throw TokenizerError(
                .impossible,
                "Windows of length \(length) cannot share \(truncation.stride) tokens. Lower the stride or raise maxLength."
            )
        }
        var ranges: [Range<Int>] = []
        let step = length - truncation.stride
        switch truncation.side {
        case .right:
            var start = 0
            repeat {
                ranges.append(start..<min(start + length, count))
                start += step
            } while ranges.last?.upperBound != count
        case .left:
            var end = count
            repeat {
                ranges.append(max(0, end - length)..<end)
                end -= step
            } while ranges.last?.lowerBound != 0
        }
        var result = part(ranges[0])
        result.overflowing = ranges.dropFirst().map(part)
        return result
    }
}
