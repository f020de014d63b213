import Classification
import Tokenization

/// The tokens that texts use, at any maximum length.
struct TokenUse {
    private let tokenizer: Tokenizer
    /// For each row of the embedding, whether a text uses it.
    private(set) var isUsed: [Bool]
    private var unknownWords: Set<[UInt8]> = []

    /// The texts that are encoded at once.
    static let chunk = 8192
    /// The longest word that WordPiece splits, in characters.
    private static let longestWord = 100

    /// Creates a count without texts.
    ///
    /// - Parameters:
    ///   - tokenizer: The tokenizer.
    ///   - rows: The number of rows of the model's embedding.
    init(_ tokenizer: Tokenizer, rows: Int) {
        self.tokenizer = tokenizer
        isUsed = Array(repeating: false, count: rows)
    }

    /// Adds the tokens of texts or pairs, and the special tokens around them.
    ///
    /// - Parameter inputs: The texts.
    mutating func add(_ inputs: TextInputs) {
        switch inputs {
        case .texts(let texts): add(texts)
        case .pairs(let pairs):
            // The two texts of a pair are split independently; one pair has the special tokens of all.
            add(pairs.map(\.0))
            add(pairs.map(\.1))
            if let first = pairs.first { mark(tokenizer.encodeBatch(pairs: [first]).ids) }
        }
    }

    private mutating func add(_ texts: [String]) {
        for start in stride(from: 0, to: texts.count, by: Self.chunk) {
            let part = Array(texts[start..<min(start + Self.chunk, texts.count)])
            let isWordPiece = tokenizer.kind == "WordPiece"
            let packed = tokenizer.encodeBatch(part, withOffsets: isWordPiece)
            mark(packed.ids)
            if isWordPiece { addUnknownWords(of: part, packed) }
        }
    }

    private mutating func mark(_ ids: [Int32]) {
        for id in ids where Int(id) < isUsed.count { isUsed[Int(id)] = true }
    }

    /// Adds the pieces that WordPiece takes before it finds that a word is unknown.
    ///
    /// Without them, other pieces might cover the word. Of the beginnings of the word, one ends where no piece follows, so its
    /// pieces are these.
    private mutating func addUnknownWords(of texts: [String], _ packed: PackedEncodings) {
        guard let unknown = tokenizer.unknownTokenID ?? tokenizer.id(for: "[UNK]") else { return }
        for (index, text) in texts.enumerated() {
            let range = packed.range(of: index)
            guard packed.ids[range].contains(unknown) else { continue }
            let bytes = Array(text.utf8)
            for position in range where packed.ids[position] == unknown {
                let word = bytes[packed.spans[position].range.clamped(to: 0..<bytes.count)]
                guard unknownWords.insert(Array(word)).inserted else { continue }
                let scalars = String(decoding: word, as: UTF8.self).unicodeScalars
                guard scalars.count <= Self.longestWord else { continue }
                let beginnings = (1..<max(scalars.count, 1)).map { length in
                    String(String.UnicodeScalarView(scalars.prefix(length)))
                }
                mark(tokenizer.encodeBatch(beginnings, addSpecialTokens: false).ids)
            }
        }
    }
}
