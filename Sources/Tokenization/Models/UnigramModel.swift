import JSON

/// Unigram: the segmentation of a word into tokens that has the highest score.
///
/// Source: [`models/unigram`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/models/unigram/model.rs)
struct UnigramModel: TokenModel {
    let vocabulary: Vocabulary
    /// The tokens' log probabilities, by id.
    let scores: [Double]
    /// The token for unknown characters.
    let unknownID: Int32
    /// The tokens `<0x00>` … `<0xFF>` if unknown text falls back to them; -1 for a missing one.
    let byteTokens: [Int32]?
    private let trie: TokenTrie
    private let unknownScore: Double

    /// How far an unknown character scores below the worst token.
    private static let unknownPenalty = 10.0

    /// Reads the `model` member of a tokenizer.json.
    ///
    /// - Parameter json: An object of type `Unigram`.
    /// - Throws: `.corrupt` with the JSON path.
    init(json: JSONDocument.Value) throws(TokenizerError) {
        let list = try json.required("vocab")
        guard list.kind == .array else { throw list.fault("expected an array, found \(list.kind).") }
        let count = Int(list.document.nodes[list.index].start)
        guard count <= Vocabulary.largestID else {
            throw list.fault("\(count) tokens; the limit is \(Vocabulary.largestID).")
        }
        var vocabulary = Vocabulary(capacity: count, bytes: count * 8)
        var trie = TokenTrie(capacity: count * 6)
        var scores: [Double] = []
        scores.reserveCapacity(count)
        var at = list.index + 1
        for id in 0..<count {
            guard let (token, score) = Self.entry(list, at) else {
                throw list.elements[id].fault("expected a token and its score.")
            }
            token.withUnsafeBufferPointer { bytes in
                vocabulary.insert(bytes, id: Int32(id))
                trie.insert(bytes, id: Int32(id))
            }
            scores.append(score)
            at = Int(list.document.nodes[at].next)
        }
        let unknown = try json.required("unk_id").asTokenID()
        guard Int(unknown) < count else {
            throw json.fault("unk_id is \(unknown); expected 0..<\(count).")
        }
        self.vocabulary = vocabulary
        self.trie = trie
        self.scores = scores
        unknownID = unknown
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
        byteTokens = try json.flag("byte_fallback", default: false) ? vocabulary.byteTokens() : nil
    }

    private static func entry(_ list: JSONDocument.Value, _ at: Int) -> ([UInt8], Double)? {
        let document = list.document
        guard document.nodes[at].kind == .array, document.nodes[at].start == 2 else { return nil }
        let token = JSONDocument.Value(document: document, index: at + 1, path: list.path)
        guard let text = token.utf8 else { return nil }
        let node = document.nodes[Int(document.nodes[at + 1].next)]
        let written = document.bytes[Int(node.start)..<Int(node.start) + Int(node.length)]
        guard node.kind == .number, let number = LooseNumber.value(of: written) else { return nil }
        return (Array(text), number)
    }

    func tokenize(
        _ piece: UnsafeBufferPointer<UInt8>,
        into tokens: inout [PieceToken],
        workspace: Workspace
    ) {
        let isShort = piece.count <= WordCache.longestWord
        let hash = isShort ? ByteHash.hash(piece) : 0
        if isShort, workspace.cache.recall(piece, hash: hash, into: &tokens) { return }
        let start = tokens.count
        appendBestPath(of: piece, to: &tokens, workspace: workspace)
        if isShort { workspace.cache.remember(piece, hash: hash, tokens: tokens[start...]) }
    }

    /// The best segmentation up to a position in a word: its score and its last token.
    struct Node: Sendable {
        var score = 0.0
        var start: Int32 = -1
        var id: Int32 = 0
    }

    private func appendBestPath(
        of piece: UnsafeBufferPointer<UInt8>,
        to tokens: inout [PieceToken],
        workspace: Workspace
    ) {
        var nodes = workspace.nodes
        workspace.nodes = []
        nodes.removeAll(keepingCapacity: true)
        nodes.append(contentsOf: repeatElement(Node(), count: piece.count + 1))
        var start = 0
        while start < piece.count {
            let length = min(UTF8Scanner.scalar(piece, at: start).length, piece.count - start)
            let score = nodes[start].score
            var hasSingle = false
            trie.visitPrefixes(of: piece, from: start) { end, id in
                Self.offer(&nodes[end], score + scores[Int(id)], start, id)
                if end == start + length { hasSingle = true }
            }
            if !hasSingle { Self.offer(&nodes[start + length], score + unknownScore, start, unknownID) }
            start += length
        }
        append(path(nodes), of: piece, to: &tokens)
        workspace.nodes = nodes
    }

    @inline(__always)
    private static func offer(_ node: inout Node, _ score: Double, _ start: Int, _ id: Int32) {
        guard node.start < 0 || score > node.score else { return }
        node = Node(score: score, start: Int32(truncatingIfNeeded: start), id: id)
    }

    /// The best path, with adjacent unknown tokens joined.
    private func path(_ nodes: [Node]) -> [PieceToken] {
        var result: [PieceToken] = []
        var end = nodes.count - 1
        while end > 0 {
            let node = nodes[end]
            if node.id == unknownID, let last = result.last, last.id == unknownID {
                result[result.count - 1].start = node.start
            } else {
                result.append(PieceToken(id: node.id, end: Int32(truncatingIfNeeded: end), start: node.start))
            }
            end = Int(node.start)
        }
        return result.reversed()
    }

    private func append(
        _ path: [PieceToken],
        of piece: UnsafeBufferPointer<UInt8>,
        to tokens: inout [PieceToken]
    ) {
        for var token in path {
            guard token.id == unknownID else {
                tokens.append(token)
                continue
            }
            let text = UnsafeBufferPointer(rebasing: piece[Int(token.start)..<Int(token.end)])
            if let id = vocabulary.id(of: text) {
                token.id = id
                tokens.append(token)
            } else if let byteTokens, text.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
                for byte in text {
                    tokens.append(PieceToken(id: byteTokens[Int(byte)], end: token.end, start: token.start))
                }
            } else {
                tokens.append(token)
            }
        }
    }
}
