/// A regular expression with the same meaning as in tokenizers, which uses Oniguruma, over UTF-8.
///
/// Characters and cases follow Unicode 16. Features of Oniguruma that are not supported are errors that name them:
/// absent groups, conditionals, group calls, call-outs, `\X`, `\K` and the rarest properties.
struct RegularExpression: Sendable {
    private let program: RegexProgram

    /// The longest supported expression, in characters.
    private static let longestPattern = 20_000

    /// Compiles an expression.
    ///
    /// - Parameter pattern: The expression.
    /// - Throws: `RegexFault` with the problem and its position.
    init(_ pattern: String) throws(RegexFault) {
        var parser = RegexParser(pattern)
        guard parser.pattern.count <= Self.longestPattern else {
            throw RegexFault(offset: 0, reason: "an expression this long is unsupported", isUnsupported: true)
        }
        let node = try parser.parse()
        let referencesGroups = !parser.references.isEmpty
        program = try RegexCompiler.compile(node, referencesGroups: referencesGroups)
    }

    /// The maximum number of steps of all searches of a text together: enough for any reasonable expression.
    static func steps(for length: Int) -> Int { 20_000_000 + min(length, 1 << 32) * 100 }

    /// Visits the matches in a part of a text, from left to right; they do not overlap.
    ///
    /// Look-around and anchors see only the part, as in tokenizers. If the searches take more steps than
    /// `steps(for:)` allows, the matches end early.
    ///
    /// - Parameters:
    ///   - bytes: The text, well-formed UTF-8.
    ///   - piece: The part of it to search.
    ///   - body: Called with each match as a range of `bytes`.
    func visitMatches(
        in bytes: UnsafeBufferPointer<UInt8>,
        _ piece: Range<Int>,
        _ body: (Range<Int>) -> Void
    ) {
        let text = UnsafeBufferPointer(rebasing: bytes[piece])
        withTables { tables in
            var machine = RegexMachine(program, tables: tables, text: text)
            var index = 0
            var lastEnd = -1
            while index <= text.count, let match = machine.firstMatch(from: index) {
                if match.isEmpty, match.lowerBound == lastEnd {
                    // As in tokenizers, an empty match directly after another match does not count.
                    guard index < text.count else { break }
                    index += UTF8Scanner.scalar(text, at: index).length
                    continue
                }
                body(match.lowerBound + piece.lowerBound..<match.upperBound + piece.lowerBound)
                (index, lastEnd) = (match.upperBound, match.upperBound)
            }
        }
    }

    /// Splits a part of a text into matches and the text between them.
    ///
    /// Source: `Pattern for &Regex` in [`utils/onig`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/utils/onig.rs)
    func stretches(in bytes: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>) -> [PieceCutter.Stretch] {
        var result: [PieceCutter.Stretch] = []
        var start = piece.lowerBound
        visitMatches(in: bytes, piece) { match in
            if start < match.lowerBound {
                result.append(.init(range: start..<match.lowerBound, isDelimiter: false))
            }
            result.append(.init(range: match, isDelimiter: true))
            start = match.upperBound
        }
        if start < piece.upperBound {
            result.append(.init(range: start..<piece.upperBound, isDelimiter: false))
        }
        return result
    }

    private func withTables(_ body: (RegexMachine.Tables) -> Void) {
        program.instructions.withUnsafeBufferPointer { instructions in
            program.tables.blocks.withUnsafeBufferPointer { blocks in
                program.tables.bits.withUnsafeBufferPointer { bits in
                    program.bytes.withUnsafeBufferPointer { bytes in
                        program.foldings.withUnsafeBufferPointer { foldings in
                            body(
                                RegexMachine.Tables(
                                    instructions: instructions,
                                    blocks: blocks,
                                    bits: bits,
                                    bytes: bytes,
                                    foldings: foldings,
                                    first: program.first,
                                    word: program.word,
                                    canMemorise: program.canMemorise
                                )
                            )
                        }
                    }
                }
            }
        }
    }
}
