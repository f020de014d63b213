/// Parses a regular expression in Oniguruma's syntax, which tokenizers' patterns use.
///
/// Source: [`doc/RE`](https://github.com/kkos/oniguruma/blob/v6.9.10/doc/RE)
struct RegexParser {
    /// The settings that options can change within an expression.
    struct Options {
        var ignoresCase = false
        /// Whether `.` matches a line feed.
        var dotMatchesNewline = false
        /// Whether spaces and comments are ignored.
        var isExtended = false
    }

    let pattern: [UInt32]
    var position = 0
    var options = Options()
    var depth = 0
    /// The number of look-behinds around the current position.
    var behindDepth = 0
    /// The number of numbered groups.
    var groupCount = 0
    /// The groups by name.
    var names: [String: [Int]] = [:]
    /// Whether unnamed groups are numbered: not if any group has a name.
    let capturesUnnamed: Bool
    /// The groups that back-references name, each with the position of the reference.
    var references: [(group: Int, offset: Int)] = []

    private static let deepestNesting = 100
    /// Oniguruma's limit.
    private static let mostRepetitions = 100_000

    init(_ text: String) {
        pattern = text.unicodeScalars.map(\.value)
        capturesUnnamed = !Self.hasNamedGroup(pattern)
    }

    private static func hasNamedGroup(_ pattern: [UInt32]) -> Bool {
        for index in pattern.indices.dropLast(3) {
            guard pattern[index] == "(", pattern[index + 1] == "?" else { continue }
            if index > 0, pattern[index - 1] == "\\" { continue }
            if pattern[index + 2] == "'" { return true }
            if pattern[index + 2] == "<", pattern[index + 3] != "=", pattern[index + 3] != "!" { return true }
        }
        return false
    }

    /// Parses the whole expression.
    mutating func parse() throws(RegexFault) -> RegexNode {
        let node = try parseAlternatives()
        if position < pattern.count { throw fault("')' has no matching '('") }
        for reference in references where reference.group > groupCount || reference.group < 1 {
            throw RegexFault(offset: reference.offset, reason: "group \(reference.group) does not exist")
        }
        return node
    }

    // MARK: Characters

    var current: UInt32? { position < pattern.count ? pattern[position] : nil }

    func peek(_ distance: Int) -> UInt32? {
        position + distance < pattern.count ? pattern[position + distance] : nil
    }

    /// Skips a text if it is next, and returns whether it was.
    mutating func take(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard position + length <= pattern.count else { return false }
        for index in 0..<length where pattern[position + index] != UInt32(text.utf8Start[index]) {
            return false
        }
        position += length
        return true
    }

    func fault(_ reason: String, at offset: Int? = nil) -> RegexFault {
        RegexFault(offset: offset ?? position, reason: reason)
    }

    func unsupported(_ what: String, at offset: Int) -> RegexFault {
        RegexFault(offset: offset, reason: "\(what) is not supported", isUnsupported: true)
    }

    // MARK: Structure

    /// Parses alternatives up to the end of the group, where options that were set inside end too.
    mutating func parseAlternatives() throws(RegexFault) -> RegexNode {
        depth += 1
        guard depth <= Self.deepestNesting else {
            throw unsupported("nesting deeper than \(Self.deepestNesting) groups", at: position)
        }
        defer { depth -= 1 }
        let outer = options
        var branches = [try parseSequence()]
        while current == "|" {
            position += 1
            branches.append(try parseSequence())
        }
        options = outer
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func parseSequence() throws(RegexFault) -> RegexNode {
        var parts: [RegexNode] = []
        while let next = current, next != "|", next != ")" {
            if options.isExtended, skipExtended() { continue }
            if take("(?#") {
                try skipComment()
                continue
            }
            let start = position
            guard let atom = try parseAtom() else { continue }
            let repeated = try parseRepetitions(of: atom, from: start)
            Self.append(repeated, to: &parts)
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    /// Appends a node, joined with a literal before it: if case is ignored, "ss" matches "ß".
    private static func append(_ node: RegexNode, to parts: inout [RegexNode]) {
        if case .literal(let more, let ignoresCase) = node, case .literal(let known, ignoresCase) = parts.last
        {
            parts[parts.count - 1] = .literal(known + more, ignoresCase: ignoresCase)
        } else {
            parts.append(node)
        }
    }

    private mutating func skipExtended() -> Bool {
        guard let next = current else { return false }
        if next == "#" {
            while let next = current, next != 0x0A { _ = (next, position += 1) }
            return true
        }
        guard next == 0x20 || (0x09...0x0D).contains(next) else { return false }
        position += 1
        return true
    }

    private mutating func skipComment() throws(RegexFault) {
        let start = position
        while let next = current {
            position += next == "\\" ? 2 : 1
            if next == ")" { return }
        }
        throw fault("the comment is not closed by ')'", at: start)
    }

    // MARK: Repetition

    private mutating func parseRepetitions(
        of atom: RegexNode,
        from start: Int
    ) throws(RegexFault) -> RegexNode {
        var result = atom
        var count = 0
        while let (least, most, isInterval) = try parseQuantifier() {
            if case .anchor = atom, count == 0 { throw fault("there is nothing to repeat", at: start) }
            var greed = RegexNode.Greed.greedy
            if current == "?", !isInterval || least != most {
                position += 1
                greed = .lazy
            } else if current == "+", !isInterval {
                position += 1
                greed = .possessive
            }
            result = .repetition(result, least: least, most: most, greed)
            count += 1
            guard depth + count <= Self.deepestNesting else {
                throw unsupported("this many quantifiers in a row", at: start)
            }
        }
        return result
    }

    private mutating func parseQuantifier() throws(RegexFault) -> (Int, Int?, isInterval: Bool)? {
        while options.isExtended, skipExtended() {}
        switch current {
        case "*": position += 1; return (0, nil, false)
        case "+": position += 1; return (1, nil, false)
        case "?": position += 1; return (0, 1, false)
        case "{": return try parseInterval()
        default: return nil
        }
    }

    /// Parses `{n}`, `{n,}`, `{,n}` or `{n,m}`; anything else is a literal brace.
    private mutating func parseInterval() throws(RegexFault) -> (Int, Int?, isInterval: Bool)? {
        let start = position
        position += 1
        let least = try parseCount()
        var most = least
        let hasComma = take(",")
        if hasComma { most = try parseCount() }
        guard least != nil || (hasComma && most != nil), take("}") else {
            position = start
            return nil
        }
        if let least, let most, least > most {
            throw unsupported("an interval with the larger number first", at: start)
        }
        return (least ?? 0, most, true)
    }

    private mutating func parseCount() throws(RegexFault) -> Int? {
        var value: Int?
        let start = position
        while let digit = current, (0x30...0x39).contains(digit) {
            value = (value ?? 0) * 10 + Int(digit - 0x30)
            position += 1
            if let value, value > Self.mostRepetitions { throw fault("the number is too large", at: start) }
        }
        return value
    }

    // MARK: Atoms

    /// Parses a character, class, group or anchor; nil for an option, which takes effect immediately.
    private mutating func parseAtom() throws(RegexFault) -> RegexNode? {
        guard let next = current else { return nil }
        let start = position
        position += 1
        switch next {
        case ".": return .set(options.dotMatchesNewline ? .all : ScalarSet(0x0A..<0x0B).inverted)
        case "^": return .anchor(.lineStart)
        case "$": return .anchor(.lineEnd)
        case "[": return try parseClassAtom(from: start)
        case "(": return try parseGroup(from: start)
        case "\\": return try parseEscape(from: start)
        case "*", "+", "?": throw fault("there is nothing to repeat", at: start)
        default: return literal(next)
        }
    }

    /// A character under the current options.
    func literal(_ scalar: UInt32) -> RegexNode {
        guard options.ignoresCase else { return .literal([scalar], ignoresCase: false) }
        // As in tokenizers, "ß" does not match "ss" in a look-behind.
        if behindDepth > 0 { return .set(CaseFolding.closure(of: ScalarSet(scalar..<scalar + 1))) }
        let folding = CaseFolding.fold(scalar)
        let isCaseless = folding == [scalar] && CaseFolding.starting(with: scalar).count == 1
        return isCaseless && !CaseFolding.isInsideExpansion(scalar)
            ? .literal([scalar], ignoresCase: false) : .literal(folding, ignoresCase: true)
    }

    /// A set under the current options; if case is ignored, the foldings of its members match too.
    func classNode(_ set: ScalarSet, isNegated: Bool) -> RegexNode {
        guard options.ignoresCase else { return .set(isNegated ? set.inverted : set) }
        let closed = CaseFolding.closure(of: set)
        if isNegated || behindDepth > 0 { return .set(isNegated ? closed.inverted : closed) }
        let expansions = CaseFolding.expansions(of: set).map { RegexNode.literal($0, ignoresCase: true) }
        return expansions.isEmpty ? .set(closed) : .alternatives([.set(closed)] + expansions)
    }
}

/// Comparisons of scalar values with character literals.
func == (left: UInt32, right: Unicode.Scalar) -> Bool { left == right.value }
func != (left: UInt32, right: Unicode.Scalar) -> Bool { left != right.value }
func == (left: UInt32?, right: Unicode.Scalar) -> Bool { left == right.value }
func != (left: UInt32?, right: Unicode.Scalar) -> Bool { left != right.value }
func ~= (pattern: Unicode.Scalar, value: UInt32) -> Bool { pattern.value == value }
func ~= (pattern: Unicode.Scalar, value: UInt32?) -> Bool { pattern.value == value }
