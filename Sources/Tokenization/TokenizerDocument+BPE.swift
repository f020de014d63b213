import JSON

/// A vocabulary by bytes and by id.
struct Vocabulary: Sendable {
    /// Ids by the token's own UTF-8: canonically equivalent tokens are different tokens.
    private(set) var ids: [[UInt8]: Int32] = [:]
    /// Tokens by id; nil where an id is not used.
    private(set) var tokens: [String?] = []

    /// Adds a token; false where its id cannot be.
    mutating func add(_ token: String, _ id: Int32, atMost limit: Int) -> Bool {
        guard id >= 0, Int(id) < limit else { return false }
        if Int(id) >= tokens.count { tokens += [String?](repeating: nil, count: Int(id) + 1 - tokens.count) }
        ids[Array(token.utf8)] = id
        tokens[Int(id)] = token
        return true
    }
}

extension TokenizerDocument {
    func vocabulary() throws(TokenizerError) -> Vocabulary {
        guard let members = root["model"]["vocab"].object?.members else {
            throw corrupt("model.vocab", "is not an object of tokens and ids")
        }
        var vocabulary = Vocabulary()
        // Ids may have gaps, and not absurd ones.
        let limit = members.count * 4 + 100_000
        for member in members {
            guard let id = member.value.int.flatMap(Int32.init(exactly:)),
                vocabulary.add(member.name, id, atMost: limit)
            else { throw corrupt("model.vocab", "gives \"\(member.name)\" an id that cannot be") }
        }
        return vocabulary
    }

    /// The model, which must be byte-level BPE.
    func model(_ vocabulary: Vocabulary) throws(TokenizerError) -> BytePairEncoding {
        let model = root["model"]
        // Old files leave the type out.
        let type = model["type"].string ?? (model["merges"] == .null ? "missing" : "BPE")
        guard type == "BPE" else { throw unsupported("model.type", "is \(type)", known: "BPE") }
        for name in ["continuing_subword_prefix", "end_of_word_suffix"]
        where model[name].string?.isEmpty == false {
            throw unsupported("model.\(name)", "is \(model[name].oneLine)", known: "none")
        }
        guard model["byte_fallback"].bool != true else {
            throw unsupported("model.byte_fallback", "is true", known: "false")
        }
        guard (model["dropout"].double ?? 0) == 0 else {
            throw unsupported("model.dropout", "is not 0", known: "0")
        }
        var byteIDs = [Int32](repeating: -1, count: 256)
        for byte in 0..<256 {
            byteIDs[byte] = vocabulary.ids[Array(String(ByteLevelAlphabet.scalars[byte]).utf8)] ?? -1
        }
        var wholePieces: [[UInt8]: Int32]?
        if model["ignore_merges"].bool == true {
            let pieces = vocabulary.tokens.enumerated().compactMap { id, token in
                token.flatMap(ByteLevelAlphabet.bytes).map { ($0, Int32(id)) }
            }
            wholePieces = Dictionary(pieces, uniquingKeysWith: { first, _ in first })
        }
        return BytePairEncoding(byteIDs: byteIDs, merges: try merges(vocabulary), wholePieces: wholePieces)
    }

    private func merges(
        _ vocabulary: Vocabulary
    ) throws(TokenizerError) -> [(left: Int32, right: Int32, id: Int32)] {
        guard let entries = root["model"]["merges"].array else {
            throw corrupt("model.merges", "is not a list")
        }
        var merges: [(left: Int32, right: Int32, id: Int32)] = []
        merges.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            let pair: [[UInt8]] =
                switch entry {
                case .string(let text): Array(text.utf8).split(separator: 0x20).map(Array.init)
                case .array(let values): values.compactMap { $0.string.map { Array($0.utf8) } }
                default: []
                }
            guard pair.count == 2, let left = vocabulary.ids[pair[0]], let right = vocabulary.ids[pair[1]],
                let id = vocabulary.ids[pair[0] + pair[1]]
            else {
                throw corrupt(
                    "model.merges[\(index)]",
                    "is \(entry.oneLine), no two tokens of the vocabulary that make a third"
                )
            }
            merges.append((left, right, id))
        }
        return merges
    }
}
