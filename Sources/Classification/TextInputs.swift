public import Tokenization

/// What is classified: texts, or pairs of texts that belong together (a question and an answer, a premise and a claim).
public enum TextInputs: Sendable {
    /// One text an example.
    case texts([String])
    /// Two texts an example, joined as the tokenizer's post-processor says.
    case pairs([(String, String)])

    /// Texts, and where there are any, as many second ones.
    ///
    /// - Parameters:
    ///   - texts: The texts, or the pairs' first ones.
    ///   - seconds: The pairs' second ones.
    public init(_ texts: [String], seconds: [String]?) {
        self = seconds.map { .pairs(Array(zip(texts, $0))) } ?? .texts(texts)
    }

    /// The number of examples.
    public var count: Int {
        switch self {
        case .texts(let texts): texts.count
        case .pairs(let pairs): pairs.count
        }
    }

    /// The examples without any text: empty, or white space only; of pairs, those whose texts both are.
    ///
    /// A classifier answers such an example too, with what its head says of nothing.
    public var emptyExamples: [Int] {
        func isEmpty(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
        return switch self {
        case .texts(let texts): texts.indices.filter { isEmpty(texts[$0]) }
        case .pairs(let pairs): pairs.indices.filter { isEmpty(pairs[$0].0) && isEmpty(pairs[$0].1) }
        }
    }

    /// Some of the examples.
    ///
    /// - Parameter indices: Their places; each must exist.
    /// - Returns: Those examples, in the order of `indices`.
    public func selecting(_ indices: [Int]) -> TextInputs {
        switch self {
        case .texts(let texts): .texts(indices.map { texts[$0] })
        case .pairs(let pairs): .pairs(indices.map { pairs[$0] })
        }
    }

    /// Their ids, on all cores.
    ///
    /// - Parameters:
    ///   - tokenizer: Makes the ids, with the tokens that it puts around and between texts.
    ///   - maxLength: Tokens of an example at the most; of a pair the longer text gives way. Nil cuts nothing.
    /// - Returns: The ids end to end; type ids, too, if the tokenizer gives them to the model and they are not all 0.
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
