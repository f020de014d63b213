/// A token that is searched for in the text before any other stage.
struct AddedToken: Sendable, Equatable {
    /// The text to search for.
    var content: String
    /// Whether decoding may skip it.
    var isSpecial = true
    /// Whether it is searched for in the normalised text.
    var isNormalized = false
    /// Whether it includes the whitespace before it.
    var stripsLeft = false
    /// Whether it includes the whitespace after it.
    var stripsRight = false
    /// Whether it matches only if neither neighbour is a word character.
    var isSingleWord = false
}

/// The added tokens of a tokenizer, and the search for them.
///
/// Source: [`tokenizer/added_vocabulary`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/tokenizer/added_vocabulary.rs)
struct AddedTokens: Sendable {
    /// A part of a text: an added token, or the text between two.
    struct Stretch {
        var range: Range<Int>
        var id: Int32?
    }

    /// The tokens by id.
    private(set) var tokens: [Int32: AddedToken] = [:]
    /// The normalised bytes of the tokens that normalisation changes; decoding uses them.
    private(set) var normalized: [Int32: [UInt8]] = [:]
    private var ids: [[UInt8]: Int32] = [:]
    private var raw = TokenSearch()
    private var inNormalized = TokenSearch()

    /// Whether any tokens are searched for in the normalised text.
    var searchesNormalized: Bool { !inNormalized.isEmpty }

    /// The largest id, or nil if there are no tokens.
    var largestID: Int32? { tokens.keys.max() }

    /// The id of a token's text.
    func id(of content: [UInt8]) -> Int32? { ids[content] }

    /// Adds tokens; those in the vocabulary keep their id, others get the next free one.
    ///
    /// - Parameters:
    ///   - new: The tokens, in order.
    ///   - vocabulary: The model's tokens.
    ///   - normalizer: Normalises the tokens that are searched for in the normalised text.
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

    /// Removes tokens.
    mutating func remove(_ removed: [Int32]) {
        for id in removed {
            guard let token = tokens.removeValue(forKey: id) else { continue }
            ids[Array(token.content.utf8)] = nil
            normalized[id] = nil
        }
        rebuild()
    }

    /// Applies another normaliser to the tokens that are searched for in the normalised text.
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
        // Of several tokens with the same text, the first special one counts, as in tokenizers.
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

    /// Splits the source text into added tokens and the text between them; empty for an empty text.
    func stretches(ofSource bytes: UnsafeBufferPointer<UInt8>) -> [Stretch] { stretches(of: bytes, by: raw) }

    /// Splits a normalised text into added tokens and the text between them.
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

/// Finds the leftmost match of many texts, and the longest one there.
struct TokenSearch: Sendable {
    private var trie = TokenTrie(capacity: 64)
    /// For each byte, whether any text starts with it.
    private var starts = [Bool](repeating: false, count: 256)

    /// Whether there are no texts to search for.
    private(set) var isEmpty = true

    /// Adds a text unless it is empty or already present.
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
