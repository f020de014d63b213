public import Tokenization

/// The inputs of a classifier: texts, or pairs of texts (a question and an answer, a premise and a claim).
public enum TextInputs: Sendable {
    /// One text per example.
    case texts([String])
    /// Two texts per example, joined by the tokenizer's post-processor.
    case pairs([(String, String)])

    /// Creates inputs from texts and, for pairs, as many second texts.
    ///
    /// - Parameters:
    ///   - texts: The texts, or the first texts of pairs.
    ///   - pairedTexts: The second texts of pairs.
    public init(_ texts: [String], pairedTexts: [String]?) {
        self = pairedTexts.map { .pairs(Array(zip(texts, $0))) } ?? .texts(texts)
    }

    /// The number of examples.
    public var count: Int {
        switch self {
        case .texts(let texts): texts.count
        case .pairs(let pairs): pairs.count
        }
    }

    /// The examples without text: empty or only white space.
    ///
    /// A pair counts if both texts are.
    ///
    /// A classifier still predicts something for these examples.
    public var emptyExamples: [Int] {
        func isEmpty(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
        return switch self {
        case .texts(let texts): texts.indices.filter { isEmpty(texts[$0]) }
        case .pairs(let pairs): pairs.indices.filter { isEmpty(pairs[$0].0) && isEmpty(pairs[$0].1) }
        }
    }

    /// Returns some of the examples.
    ///
    /// - Parameter indices: Their indices, each of which must exist.
    /// - Returns: The examples, in the order of `indices`.
    public func selecting(_ indices: [Int]) -> TextInputs {
        switch self {
        case .texts(let texts): .texts(indices.map { texts[$0] })
        case .pairs(let pairs): .pairs(indices.map { pairs[$0] })
        }
    }

    /// Tokenizes the examples, on all cores.
    ///
    /// - Parameters:
    ///   - tokenizer: The tokenizer, which also adds special tokens around and between texts.
    ///   - maxLength: The most tokens of an example; in a pair, the longer text is truncated. Nil truncates nothing.
    ///   - longText: The part of a longer text to keep; nil cuts the side that the tokenizer cuts. Pairs ignore it.
    /// - Returns: The ids, packed; also type ids, if the tokenizer gives them to the model and not all are 0.
    public func encoded(
        by tokenizer: Tokenizer,
        maxLength: Int?,
        longText: LongText? = nil
    ) -> PackedEncodings {
        encoded(by: tokenizer, maxLength: maxLength, longText: longText) { _ in }
    }

    /// Tokenizes the examples, on all cores, and reports the progress.
    ///
    /// - Parameters:
    ///   - tokenizer: The tokenizer, which also adds special tokens around and between texts.
    ///   - maxLength: The most tokens of an example; in a pair, the longer text is truncated. Nil truncates nothing.
    ///   - longText: The part of a longer text to keep; nil cuts the side that the tokenizer cuts. Pairs ignore it.
    ///   - progress: Called many times with the number of examples done so far, on the calling thread.
    /// - Returns: The ids, packed; also type ids, if the tokenizer gives them to the model and not all are 0.
    /// - Throws: The errors of `progress`.
    public func encoded(
        by tokenizer: Tokenizer,
        maxLength: Int?,
        longText: LongText? = nil,
        progress: (Int) throws -> Void
    ) rethrows -> PackedEncodings {
        // Large enough that all cores stay busy, small enough for progress several times a second.
        let size = max(8192, count / 200)
        var parts: [PackedEncodings] = []
        for start in stride(from: 0, to: count, by: size) {
            let end = min(start + size, count)
            switch self {
            case .texts(let texts):
                parts.append(
                    tokenizer.encodeBatch(Array(texts[start..<end]), maxLength: maxLength, longText: longText)
                )
            case .pairs(let pairs):
                parts.append(tokenizer.encodeBatch(pairs: Array(pairs[start..<end]), maxLength: maxLength))
            }
            try progress(end)
        }
        var encodings = parts.count == 1 ? parts[0] : PackedEncodings(joining: parts)
        if !tokenizer.givesTokenTypes { encodings.typeIDs = [] }
        return encodings
    }
}
