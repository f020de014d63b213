extension RegexParser {
    /// Parses a class in brackets after its `[`.
    mutating func parseClassAtom(from start: Int) throws(RegexFault) -> RegexNode {
        let (set, isNegated) = try parseClass(from: start)
        return classNode(set, isNegated: isNegated)
    }

    /// An item of a class.
    private enum Item {
        case character(UInt32)
        case set(ScalarSet)
    }

    private static let deepestClass = 100

    /// Parses a class up to its `]`, and also returns whether it starts with `^`.
    private mutating func parseClass(
        from start: Int,
        depth: Int = 0
    ) throws(RegexFault) -> (ScalarSet, isNegated: Bool) {
        guard depth < Self.deepestClass else { throw unsupported("a class nested this deeply", at: start) }
        let isNegated = take("^")
        var whole: ScalarSet?
        var set = ScalarSet()
        var isFirst = true
        var isEmpty = true
        while true {
            guard let next = current else { throw fault("the class is not closed by ']'", at: start) }
            if next == "]", !isFirst || !hasLaterBracket {
                position += 1
                break
            }
            if take("&&") {
                whole = whole.map { $0.intersection(set) } ?? set
                set = ScalarSet()
                (isFirst, isEmpty) = (false, false)
                continue
            }
            (isFirst, isEmpty) = (false, false)
            switch try parseItem(depth: depth) {
            case .set(let members):
                set = set.union(members)
                if current == "-", let after = peek(1), after != "]" {
                    guard after == "-" || after == "[" || startsSetOperation(1) else {
                        throw fault("a range cannot start with a class", at: position)
                    }
                }
            case .character(let low): set = set.union(try parseRange(from: low, depth: depth))
            }
        }
        if isEmpty { throw fault("the class is empty", at: start) }
        return (whole.map { $0.intersection(set) } ?? set, isNegated)
    }

    private func startsSetOperation(_ distance: Int) -> Bool {
        peek(distance) == "&" && peek(distance + 1) == "&"
    }

    /// Whether another `]` follows the one that is next, so that this one is a member.
    private var hasLaterBracket: Bool {
        var index = position + 1
        while index < pattern.count {
            if pattern[index] == "]" { return true }
            index += pattern[index] == "\\" ? 2 : 1
        }
        return false
    }

    /// Parses the rest of `low-high`, or `low` alone.
    private mutating func parseRange(from low: UInt32, depth: Int) throws(RegexFault) -> ScalarSet {
        let single = ScalarSet(low..<low + 1)
        guard current == "-", let after = peek(1), after != "]", !startsSetOperation(1) else { return single }
        let start = position
        // A class after the dash makes the dash a member.
        if after == "[" {
            position += 1
            return single.union(ScalarSet(scalars: [0x2D]))
        }
        position += 1
        guard case .character(let high) = try parseItem(depth: depth) else {
            throw fault("a range cannot end with a class", at: start)
        }
        guard low <= high else { throw fault("the range's end comes before its start", at: start) }
        return ScalarSet(low..<high + 1)
    }

    private mutating func parseItem(depth: Int) throws(RegexFault) -> Item {
        let start = position
        guard let next = current else { throw fault("the class is not closed by ']'", at: start) }
        if next == "[" {
            if let posix = try parsePOSIX() { return .set(posix) }
            position += 1
            let (set, isNegated) = try parseClass(from: start, depth: depth + 1)
            return .set(isNegated ? set.inverted : set)
        }
        position += 1
        guard next == "\\" else { return .character(next) }
        if let set = try parseSetEscape(from: start, isInClass: true) { return .set(set) }
        if current == "R" || current == "X" { throw unsupported("this escape in a class", at: start) }
        if take("b") { return .character(0x08) }
        return .character(try parseCharacterEscape(from: start))
    }

    /// Parses `[:name:]` or `[:^name:]`; nil for a class that starts with a colon.
    private mutating func parsePOSIX() throws(RegexFault) -> ScalarSet? {
        guard peek(1) == ":" else { return nil }
        var index = position + 2
        let isNegated = index < pattern.count && pattern[index] == "^"
        if isNegated { index += 1 }
        var name = ""
        while index < pattern.count, name.count < 20, let scalar = Unicode.Scalar(pattern[index]),
            scalar != ":",
            scalar != "]"
        {
            name.unicodeScalars.append(scalar)
            index += 1
        }
        guard index + 1 < pattern.count, pattern[index] == ":", pattern[index + 1] == "]" else { return nil }
        guard let set = UnicodeSets.posix(name) else { throw fault("unknown POSIX class '\(name)'") }
        position = index + 2
        return isNegated ? set.inverted : set
    }
}
