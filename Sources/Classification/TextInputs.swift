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
    /// - Returns: The ids, packed; also type ids, if the tokenizer gives them to the model and not all are 0.
    public func encoded(by tokenizer: Tokenizer, maxLength: Int?) -> PackedEncodings {
        var encodings =
            switch self {
            case .texts(let texts): tokenizer.encodeBatch(texts, maxLength: maxLength)
            case .pairs(let pairs): tokenizer.encodeBatch(pairs: pairs, maxLength: maxLength)
            }
        if !tokenizer.givesTokenTypes { encodings.typeIDs = [] }
        return encodings
    }
}
