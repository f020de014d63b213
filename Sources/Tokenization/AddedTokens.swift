/// A token that is looked for in the text before anything else happens to it.
struct AddedToken: Sendable, Equatable {
    /// The text to look for.
    var content: String
    /// Whether decoding may leave it out.
    var isSpecial = true
    /// Whether it is looked for in the normalised text.
    var isNormalized = false
    /// Whether it takes the whitespace in front of it.
    var stripsLeft = false
    /// Whether it takes the whitespace behind it.
    var stripsRight = false
    /// Whether it counts only between characters that are no word characters.
    var isSingleWord = false
}

/// The added tokens of a tokenizer, and the search for them.
///
/// Source: [`tokenizer/added_vocabulary`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/tokenizer/added_vocabulary.rs)
struct AddedTokens: Sendable {
    /// A stretch of text: an added token's, or one between them.
    struct Stretch {
        var range: Range<Int>
        var id: Int32?
    }

    /// The tokens by id.
    private(set) var tokens: [Int32: AddedToken] = [:]
    /// What decoding gets for tokens that normalisation changes.
    private(set) var normalized: [Int32: [UInt8]] = [:]
    private var ids: [[UInt8]: Int32] = [:]
    private var raw = TokenSearch()
    private var inNormalized = TokenSearch()

    /// Whether tokens are looked for in the normalised text too.
    var searchesNormalized: Bool { !inNormalized.isEmpty }

    /// The largest id, or nil where there is none.
    var largestID: Int32? { tokens.keys.max() }

    /// The id of a token's text.
    func id(of content: [UInt8]) -> Int32? { ids[content] }

    /// Adds tokens; those in the vocabulary keep their id, others get the next one.
    ///
    /// - Parameters:
    ///   - new: The tokens, in order.
    ///   - vocabulary: The model's tokens.
    ///   - normalizer: What tokens to be found in normalised text go through.
    mutating func add(_ new: [AddedToken], to vocabulary: Vocabulary, normalizer: (any Normalizer)?) {
        var next = Int32(vocabulary.count)
        if let largest = largestID, largest >= next || next == 0 { next = largest + 1 }
        for token in new where !token.content.isEmpty {
            let content = Array(token.content.utf8)
            let id: Int32
            if let known = ids[content] ?? vocabulary.id(of: content) {
                id = known
            } else {
                id = next
                next += 1
            }
            ids[content] = id
            tokens[id] = token
            normalized[id] = nil
            if token.isNormalized, let normalizer {
                var text = TrackedText(content, keepsOrigins: false)
                normalizer.normalize(&text)
                if text.bytes != content { normalized[id] = text.bytes }
            }
        }
        rebuild()
    }

    /// Takes tokens out again.
    mutating func remove(_ removed: [Int32]) {
        for id in removed {
            guard let token = tokens.removeValue(forKey: id) else { continue }
            ids[Array(token.content.utf8)] = nil
            normalized[id] = nil
        }
        rebuild()
    }

    /// Puts the tokens to be found in normalised text through another normaliser.
    mutating func normalize(with normalizer: (any Normalizer)?) {
        normalized = [:]
        for (id, token) in tokens where token.isNormalized {
            guard let normalizer else { continue }
            let content = Array(token.content.utf8)
            var text = TrackedText(content, keepsOrigins: false)
            normalizer.normalize(&text)
            if text.bytes != content { normalized[id] = text.bytes }
        }
        rebuild()
    }

    private mutating func rebuild() {
        raw = TokenSearch()
        inNormalized = TokenSearch()
        // Of two with one text the first special one counts, as in tokenizers.
        let ordered = tokens.sorted {
            ($0.value.isSpecial ? 0 : 1, $0.key) < ($1.value.isSpecial ? 0 : 1, $1.key)
        }
        for (id, token) in ordered {
            let content = normalized[id] ?? Array(token.content.utf8)
            if token.isNormalized {
                inNormalized.add(content, id: id)
            } else {
                raw.add(content, id: id)
            }
        }
    }

    /// The source text as added tokens and what lies between them; empty for an empty text.
    func stretches(ofSource bytes: UnsafeBufferPointer<UInt8>) -> [Stretch] { stretches(of: bytes, by: raw) }

    /// A normalised text as added tokens and what lies between them.
    func stretches(ofNormalized bytes: UnsafeBufferPointer<UInt8>) -> [Stretch] {
        stretches(of: bytes, by: inNormalized)
    }

    private func stretches(of bytes: UnsafeBufferPointer<UInt8>, by search: TokenSearch) -> [Stretch] {
        guard !bytes.isEmpty else { return [] }
        guard !search.isEmpty else { return [Stretch(range: 0..<bytes.count, id: nil)] }
        var result: [Stretch] = []
        var done = 0
        var index = 0
        while let match = search.first(in: bytes, from: index) {
            index = match.end
            var (start, end) = (match.start, match.end)
            guard let token = tokens[match.id] else { continue }
            if token.isSingleWord, touchesWord(bytes, start, end) { continue }
            if token.stripsLeft {
                while start > done {
                    let previous = UTF8Scanner.scalar(bytes, before: start)
                    guard CharacterClass.of(previous.value).contains(.whitespace) else { break }
                    start -= previous.length
                }
                start = max(start, done)
            }
            if token.stripsRight {
                while end < bytes.count {
                    let next = UTF8Scanner.scalar(bytes, at: end)
                    guard CharacterClass.of(next.value).contains(.whitespace) else { break }
                    end += next.length
                }
            }
            if done < start { result.append(Stretch(range: done..<start, id: nil)) }
            result.append(Stretch(range: start..<end, id: match.id))
            done = end
        }
        if done < bytes.count { result.append(Stretch(range: done..<bytes.count, id: nil)) }
        return result
    }

    private func touchesWord(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
        if start > 0, CharacterClass.isRustWord(UTF8Scanner.scalar(bytes, before: start).value) {
            return true
        }
        return end < bytes.count && CharacterClass.isRustWord(UTF8Scanner.scalar(bytes, at: end).value)
    }
}

/// Finds the leftmost, and there the longest, of many texts.
struct TokenSearch: Sendable {
    private var trie = TokenTrie(capacity: 64)
    /// Whether any text starts with a byte.
    private var starts = [Bool](repeating: false, count: 256)

    /// Whether there is nothing to look for.
    private(set) var isEmpty = true

    /// Adds a text, unless it is there already; not an empty one.
    mutating func add(_ content: [UInt8], id: Int32) {
        guard let first = content.first else { return }
        isEmpty = false
        starts[Int(first)] = true
        content.withUnsafeBufferPointer { bytes in
            var known = false
            trie.visitPrefixes(of: bytes, from: 0) { end, _ in known = known || end == bytes.count }
            if !known { trie.insert(bytes, id: id) }
        }
    }

    /// The first match at or after an index.
    func first(
        in bytes: UnsafeBufferPointer<UInt8>,
        from index: Int
    ) -> (start: Int, end: Int, id: Int32)? {
        starts.withUnsafeBufferPointer { starts in
            for at in index..<max(index, bytes.count) where starts[Int(bytes[at])] {
                var found: (start: Int, end: Int, id: Int32)?
                trie.visitPrefixes(of: bytes, from: at) { end, id in found = (at, end, id) }
                if let found { return found }
            }
            return nil
        }
    }
}
