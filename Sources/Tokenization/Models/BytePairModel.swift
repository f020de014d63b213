/// Byte-pair encoding (BPE): a word starts as its characters (or bytes) and neighbours merge by rank.
///
/// If the last pre-tokenizer spells bytes as characters (`ByteLevel`), the model can take the raw bytes instead.
/// This saves the spelling, and the first symbols come from a table of 256 entries.
///
/// Source: [`models/bpe`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/models/bpe/model.rs)
struct BytePairModel: TokenModel {
    /// How a word is split into its first symbols, and how unknown symbols are treated.
    struct Options: Sendable {
        /// The token for unknown symbols; nil drops them.
        var unknownID: Int32?
        /// Whether adjacent unknown symbols become one token.
        var fusesUnknown = false
        /// The tokens `<0x00>` … `<0xFF>` if unknown symbols fall back to them; -1 for a missing one.
        var byteTokens: [Int32]?
        /// Whether a word that is a token becomes that token, regardless of the merges.
        var ignoresMerges = false
        /// The vocabulary's prefix for the symbols after a word's first one.
        var prefix: [UInt8] = []
        /// The vocabulary's suffix for a word's last symbol.
        var suffix: [UInt8] = []
    }

    let vocabulary: Vocabulary
    let merges: MergeTable
    let options: Options
    /// Whether no merge crosses the start of a `▁`, so that the text between can be cached as words.
    let cutsAtMetaspaces: Bool
    /// The tokens of the 256 bytes if words arrive as raw bytes; -1 for a missing one.
    let rawBytes: [Int32]?

    init(
        vocabulary: Vocabulary,
        merges: MergeTable,
        options: Options,
        takesRawBytes: Bool,
        joinsMetaspaces: Bool
    ) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.options = options
        cutsAtMetaspaces =
            !takesRawBytes && !joinsMetaspaces && !options.ignoresMerges && options.prefix.isEmpty
            && options.suffix.isEmpty && vocabulary.id(of: Metaspace.utf8) != nil
        rawBytes =
            takesRawBytes
            ? (0...255).map { vocabulary.id(of: ByteAlphabet.spell([UInt8($0)])) ?? -1 } : nil
    }

    func tokenize(
        _ piece: UnsafeBufferPointer<UInt8>,
        into tokens: inout [PieceToken],
        workspace: Workspace
    ) {
        guard cutsAtMetaspaces else {
            tokenizeWord(piece, into: &tokens, workspace: workspace)
            return
        }
        var start = 0
        while start < piece.count {
            let end = Metaspace.endOfWord(in: piece, from: start)
            let first = tokens.count
            let word = UnsafeBufferPointer(rebasing: piece[start..<end])
            tokenizeWord(word, into: &tokens, workspace: workspace)
            if start > 0 {
                for index in first..<tokens.count {
                    tokens[index].start += Int32(truncatingIfNeeded: start)
                    tokens[index].end += Int32(truncatingIfNeeded: start)
                }
            }
            start = end
        }
    }

    private func tokenizeWord(
        _ word: UnsafeBufferPointer<UInt8>,
        into tokens: inout [PieceToken],
        workspace: Workspace
    ) {
        guard word.count <= WordCache.longestWord else {
            tokenizeAnew(word, into: &tokens, workspace: workspace)
            return
        }
        let hash = ByteHash.hash(word)
        if workspace.cache.recall(word, hash: hash, into: &tokens) { return }
        let start = tokens.count
        tokenizeAnew(word, into: &tokens, workspace: workspace)
        workspace.cache.remember(word, hash: hash, tokens: tokens[start...])
    }

    private func tokenizeAnew(
        _ piece: UnsafeBufferPointer<UInt8>,
        into tokens: inout [PieceToken],
        workspace: Workspace
    ) {
        if options.ignoresMerges, let id = wholeWord(piece) {
            tokens.append(PieceToken(id: id, end: Int32(truncatingIfNeeded: piece.count), start: 0))
            return
        }
        workspace.merger.reset()
        var symbols = SymbolRow(
            merger: workspace.merger,
            unknownID: options.unknownID,
            fusesUnknown: options.fusesUnknown
        )
        workspace.merger = PairMerger()
        if let rawBytes {
            for (index, byte) in piece.enumerated() {
                symbols.add(rawBytes[Int(byte)], from: index, to: index + 1)
            }
        } else {
            addCharacters(of: piece, to: &symbols, workspace: workspace)
        }
        symbols.finish()
        symbols.merger.merge(with: merges, into: &tokens)
        workspace.merger = symbols.merger
    }

    private func wholeWord(_ piece: UnsafeBufferPointer<UInt8>) -> Int32? {
        rawBytes == nil ? vocabulary.id(of: piece) : vocabulary.id(of: ByteAlphabet.spell(piece))
    }

    private func addCharacters(
        of piece: UnsafeBufferPointer<UInt8>,
        to symbols: inout SymbolRow,
        workspace: Workspace
    ) {
        var index = 0
        while index < piece.count {
            let end = index + UTF8Scanner.scalar(piece, at: index).length
            let needsPrefix = index > 0 && !options.prefix.isEmpty
            let needsSuffix = end == piece.count && !options.suffix.isEmpty
            let character = UnsafeBufferPointer(rebasing: piece[index..<end])
            if needsPrefix || needsSuffix {
                var spelled = needsPrefix ? options.prefix : []
                spelled.append(contentsOf: character)
                if needsSuffix { spelled.append(contentsOf: options.suffix) }
                spelled.withUnsafeBufferPointer { addSymbol($0, from: index, to: end, to: &symbols) }
            } else {
                addSymbol(character, from: index, to: end, to: &symbols)
            }
            index = end
        }
    }

    private func addSymbol(
        _ symbol: UnsafeBufferPointer<UInt8>,
        from start: Int,
        to end: Int,
        to symbols: inout SymbolRow
    ) {
        if let id = vocabulary.id(of: symbol) {
            symbols.add(id, from: start, to: end)
        } else if let byteTokens = options.byteTokens, symbol.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
            // As in tokenizers, an unknown symbol that is held back comes after these.
            // A prefix or suffix has bytes too, which cover nothing in the piece.
            for (offset, byte) in symbol.enumerated() {
                let (from, to) = (min(start + offset, end), min(start + offset + 1, end))
                symbols.merger.append(byteTokens[Int(byte)], from: from, to: to)
            }
        } else {
            symbols.add(-1, from: start, to: end)
        }
    }
}

/// A word's first symbols; an unknown one is held back until it is clear whether the next one joins it.
private struct SymbolRow {
    var merger: PairMerger
    private let unknownID: Int32?
    private let fusesUnknown: Bool
    private var unknown: Range<Int>?

    init(merger: PairMerger, unknownID: Int32?, fusesUnknown: Bool) {
        self.merger = merger
        self.unknownID = unknownID
        self.fusesUnknown = fusesUnknown
    }

    /// Adds a symbol; the id -1 means an unknown one.
    @inline(__always)
    mutating func add(_ id: Int32, from start: Int, to end: Int) {
        if id >= 0 {
            if unknown != nil { finish() }
            merger.append(id, from: start, to: end)
        } else if unknownID != nil {
            if let held = unknown, fusesUnknown {
                unknown = held.lowerBound..<end
            } else {
                finish()
                unknown = start..<end
            }
        }
    }

    /// Appends the unknown symbol that is held back.
    mutating func finish() {
        guard let held = unknown, let id = unknownID else { return }
        merger.append(id, from: held.lowerBound, to: held.upperBound)
        unknown = nil
    }
}
