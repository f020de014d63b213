/// A regular expression with the meaning that tokenizers gives it: Oniguruma's, over UTF-8.
///
/// Characters and cases are Unicode 16's. What Oniguruma knows and this does not is an error that names it:
/// absent groups, conditionals, calls of groups, call-outs, `\X`, `\K` and the rarest properties.
struct RegularExpression: Sendable {
    private let program: RegexProgram

    /// The longest expression read, in characters.
    private static let longestPattern = 20_000

    /// Compiles an expression.
    ///
    /// - Parameter pattern: The expression.
    /// - Throws: What is wrong with it, and where.
    init(_ pattern: String) throws(RegexFault) {
        var parser = RegexParser(pattern)
        guard parser.pattern.count <= Self.longestPattern else {
            throw RegexFault(offset: 0, reason: "an expression so long is not supported", isUnsupported: true)
        }
        let node = try parser.parse()
        let referencesGroups = !parser.references.isEmpty
        program = try RegexCompiler.compile(node, referencesGroups: referencesGroups)
    }

    /// How many steps all searches of a text may take together: enough for any sane expression.
    static func steps(for length: Int) -> Int { 20_000_000 + min(length, 1 << 32) * 100 }

    /// Visits the matches in a part of a text, from left to right; they do not overlap.
    ///
    /// Look-around and anchors see the part alone, as in tokenizers. Where a search takes more steps than
    /// `steps(for:)` allows, the matches end there.
    ///
    /// - Parameters:
    ///   - bytes: The text, well-formed UTF-8.
    ///   - piece: The part of it to search.
    ///   - body: Gets each match as a range of `bytes`.
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
                    // As in tokenizers, no empty match right behind another match.
                    guard index < text.count else { break }
                    index += UTF8Scanner.scalar(text, at: index).length
                    continue
                }
                body(match.lowerBound + piece.lowerBound..<match.upperBound + piece.lowerBound)
                (index, lastEnd) = (match.upperBound, match.upperBound)
            }
        }
    }

    /// A part of a text as matches and what lies between them.
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
