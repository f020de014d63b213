/// A token that is looked for in the text before anything else.
struct AddedToken: Sendable, Equatable {
    var id: Int32
    var content: String
    /// Whether it stands for something outside language, `<|endoftext|>` say.
    var isSpecial: Bool
    /// Whether it takes white space before it along.
    var stripsLeft = false
    /// Whether it takes white space after it along.
    var stripsRight = false
}

/// Finds added tokens: the leftmost first, the longest of several there.
struct AddedTokens: Sendable {
    let tokens: [AddedToken]
    private let byFirstByte: [UInt8: [(bytes: [UInt8], token: AddedToken)]]

    init(_ tokens: [AddedToken]) {
        self.tokens = tokens
        var table: [UInt8: [(bytes: [UInt8], token: AddedToken)]] = [:]
        for token in tokens {
            let bytes = Array(token.content.utf8)
            if let first = bytes.first { table[first, default: []].append((bytes, token)) }
        }
        byFirstByte = table.mapValues { $0.sorted { $0.bytes.count > $1.bytes.count } }
    }

    /// The next added token at or after a byte.
    func next(
        in text: ScalarView,
        from start: Int
    ) -> (range: Range<Int>, token: AddedToken)? {
        guard !byFirstByte.isEmpty else { return nil }
        for index in start..<text.bytes.count {
            guard let candidates = byFirstByte[text.bytes[index]] else { continue }
            for (bytes, token) in candidates where text.bytes[index...].starts(with: bytes) {
                var range = index..<index + bytes.count
                while token.stripsRight, range.upperBound < text.bytes.count {
                    let (kind, next) = text.characterClass(at: range.upperBound)
                    guard kind == .space else { break }
                    range = range.lowerBound..<next
                }
                while token.stripsLeft, range.lowerBound > start {
                    var before = range.lowerBound - 1
                    while before > start, text.bytes[before] & 0xC0 == 0x80 { before -= 1 }
                    guard text.characterClass(at: before).class == .space else { break }
                    range = before..<range.upperBound
                }
                return (range, token)
            }
        }
        return nil
    }
}
