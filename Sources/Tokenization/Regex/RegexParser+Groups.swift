extension RegexParser {
    /// Parses a group after its opening parenthesis; nil if it only sets options.
    mutating func parseGroup(from start: Int) throws(RegexFault) -> RegexNode? {
        guard current == "?" else {
            if current == "*" { throw unsupported("a call-out", at: start) }
            guard capturesUnnamed else { return try closed(from: start) }
            return try parseCapture(name: nil, from: start)
        }
        position += 1
        if take(":") { return try closed(from: start) }
        if take("=") { return .look(try closed(from: start), isBehind: false, isNegated: false) }
        if take("!") { return .look(try closed(from: start), isBehind: false, isNegated: true) }
        if take(">") { return .atomic(try closed(from: start)) }
        if take("<=") { return try parseLookBehind(isNegated: false, from: start) }
        if take("<!") { return try parseLookBehind(isNegated: true, from: start) }
        if take("<") { return try parseCapture(name: parseName(until: ">", from: start), from: start) }
        if take("'") { return try parseCapture(name: parseName(until: "'", from: start), from: start) }
        switch current {
        case "~": throw unsupported("an absent group '(?~…)'", at: start)
        case "(": throw unsupported("a conditional group '(?(…)…)'", at: start)
        case "{": throw unsupported("a call-out '(?{…})'", at: start)
        default: return try parseOptions(from: start)
        }
    }

    /// Parses the contents of a group and its closing parenthesis.
    private mutating func closed(from start: Int) throws(RegexFault) -> RegexNode {
        let body = try parseAlternatives()
        guard take(")") else { throw fault("the group is not closed by ')'", at: start) }
        return body
    }

    private mutating func parseLookBehind(isNegated: Bool, from start: Int) throws(RegexFault) -> RegexNode {
        behindDepth += 1
        defer { behindDepth -= 1 }
        return .look(try closed(from: start), isBehind: true, isNegated: isNegated)
    }

    private mutating func parseCapture(name: String?, from start: Int) throws(RegexFault) -> RegexNode {
        groupCount += 1
        let number = groupCount
        if let name { names[name, default: []].append(number) }
        return .capture(try closed(from: start), number)
    }

    private mutating func parseName(
        until end: Unicode.Scalar,
        from start: Int
    ) throws(RegexFault) -> String {
        var name = String.UnicodeScalarView()
        while let next = current, next != end {
            guard let scalar = Unicode.Scalar(next), next != ")" else { break }
            name.append(scalar)
            position += 1
        }
        guard current == end, let first = name.first, !("0"..."9").contains(first) else {
            throw fault("the group's name is invalid", at: start)
        }
        position += 1
        return String(name)
    }

    /// Parses `(?imx-imx)`, which applies until the end of the enclosing group, or `(?imx-imx:…)`.
    private mutating func parseOptions(from start: Int) throws(RegexFault) -> RegexNode? {
        let outer = options
        var turnsOn = true
        while let next = current {
            position += 1
            switch next {
            case "-": turnsOn = false
            case "i": options.ignoresCase = turnsOn
            case "m": options.dotMatchesNewline = turnsOn
            case "x": options.isExtended = turnsOn
            case ")":
                // As in tokenizers, `a(?i)b|c` is `a(?i:b|c)`.
                let rest = try parseAlternatives()
                options = outer
                return rest
            case ":":
                let body = try closed(from: start)
                options = outer
                return body
            case "W", "D", "S", "P", "y", "C", "I", "L":
                throw unsupported("the option '\(Unicode.Scalar(next).map(String.init) ?? "")'", at: start)
            default: throw fault("unknown option or kind of group", at: position - 1)
            }
        }
        throw fault("the group is not closed by ')'", at: start)
    }

    /// Parses `\k<name>` or `\k<1>`, after the `\k`.
    mutating func parseNamedReference(from start: Int) throws(RegexFault) -> RegexNode {
        let isQuoted = current == "'"
        guard isQuoted || current == "<" else { throw fault("expected a group's name", at: start) }
        position += 1
        if let digit = current, (0x30...0x39).contains(digit) {
            var number = 0
            while let digit = current, (0x30...0x39).contains(digit), number < 1000 {
                number = number * 10 + Int(digit - 0x30)
                position += 1
            }
            guard isQuoted ? take("'") : take(">") else {
                throw fault("expected a group's number", at: start)
            }
            return reference(to: number, from: start)
        }
        let name = try parseName(until: isQuoted ? "'" : ">", from: start)
        guard let groups = names[name] else { throw unsupported("a reference to '\(name)' here", at: start) }
        references += groups.map { ($0, start) }
        return .reference(groups, ignoresCase: options.ignoresCase)
    }

    /// A reference by number; ``parse()`` checks at the end whether the group exists.
    mutating func reference(to number: Int, from start: Int) -> RegexNode {
        references.append((number, start))
        return .reference([number], ignoresCase: options.ignoresCase)
    }
}
