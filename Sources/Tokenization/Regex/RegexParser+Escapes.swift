extension RegexParser {
    /// Parses an escape outside classes, after the backslash.
    mutating func parseEscape(from start: Int) throws(RegexFault) -> RegexNode {
        guard let next = current else { throw fault("the expression ends in a backslash", at: start) }
        if let anchor = Self.anchor(next) {
            position += 1
            return .anchor(anchor)
        }
        switch next {
        case "N":
            position += 1
            return .set(ScalarSet(0x0A..<0x0B).inverted)
        case "O":
            position += 1
            return .set(.all)
        case "R":
            position += 1
            return Self.newline
        case "X": throw unsupported("the grapheme escape '\\X'", at: start)
        case "y", "Y": throw unsupported("a text-segment boundary", at: start)
        case "K": throw unsupported("the keep escape '\\K'", at: start)
        case "g": throw unsupported("the group call '\\g'", at: start)
        case "k":
            position += 1
            return try parseNamedReference(from: start)
        case 0x31...0x39:
            if let reference = parseNumberedReference(from: start) { return reference }
        default: break
        }
        // As in tokenizers, these sets are not case-folded, even if case is ignored.
        if let set = try parseSetEscape(from: start, isInClass: false) { return .set(set) }
        return literal(try parseCharacterEscape(from: start))
    }

    private static func anchor(_ letter: UInt32) -> RegexAnchor? {
        switch letter {
        case "A": .textStart
        case "z": .textEnd
        case "Z": .lastLineEnd
        case "G": .searchStart
        case "b": .wordBoundary
        case "B": .noWordBoundary
        default: nil
        }
    }

    /// `\R`: a line end; CR LF counts as one.
    private static let newline = RegexNode.atomic(
        .alternatives([
            .literal([0x0D, 0x0A], ignoresCase: false),
            .set(ScalarSet(ranges: [0x0A..<0x0E, 0x85..<0x86, 0x2028..<0x202A])),
        ])
    )

    /// Parses `\1` … `\9`, and longer numbers if that many groups exist; anything else is octal.
    private mutating func parseNumberedReference(from start: Int) -> RegexNode? {
        var end = position
        var number = 0
        while end < pattern.count, (0x30...0x39).contains(pattern[end]), number < 1000 {
            number = number * 10 + Int(pattern[end] - 0x30)
            end += 1
        }
        guard number <= 9 || number <= groupCount else { return nil }
        position = end
        return reference(to: number, from: start)
    }

    /// Parses `\d`, `\p{…}` or a similar escape, after the backslash; nil for other escapes.
    mutating func parseSetEscape(from start: Int, isInClass: Bool) throws(RegexFault) -> ScalarSet? {
        let name: String
        switch current {
        case "d", "D": name = "digit"
        case "w", "W": name = "word"
        case "s", "S": name = "space"
        case "h", "H": name = "xdigit"
        case "p", "P": return try parseProperty(from: start)
        default: return nil
        }
        let isNegated = current.map { $0 < 0x61 } ?? false
        position += 1
        // Outside classes, tokenizers' engine counts Latin-1's superscripts and fractions as word characters.
        let isOddWord = name == "word" && !isInClass
        let set =
            isOddWord ? UnicodeSets.word.union(Self.latin1Numbers) : UnicodeSets.posix(name) ?? ScalarSet()
        return isNegated ? set.inverted : set
    }

    static let latin1Numbers = ScalarSet(scalars: [0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE])

    /// Parses `\p{Name}`, `\p{^Name}` or `\P{Name}`; nil without a brace, which means the letter.
    private mutating func parseProperty(from start: Int) throws(RegexFault) -> ScalarSet? {
        guard peek(1) == "{" else { return nil }
        var isNegated = current == "P"
        position += 2
        if take("^") { isNegated.toggle() }
        var name = String.UnicodeScalarView()
        while let next = current, next != "}", let scalar = Unicode.Scalar(next) {
            name.append(scalar)
            position += 1
        }
        guard take("}") else { throw fault("the property is not closed by '}'", at: start) }
        guard let set = UnicodeSets.named(String(name)) else {
            throw unsupported("the property '\(String(name))'", at: start)
        }
        return isNegated ? set.inverted : set
    }

    /// Parses an escape for one character, after the backslash.
    mutating func parseCharacterEscape(from start: Int) throws(RegexFault) -> UInt32 {
        guard let next = current else { throw fault("the expression ends in a backslash", at: start) }
        position += 1
        switch next {
        case "t": return 0x09
        case "n": return 0x0A
        case "v": return 0x0B
        case "f": return 0x0C
        case "r": return 0x0D
        case "a": return 0x07
        case "e": return 0x1B
        case "x": return try parseHexadecimal(from: start)
        case "u": return try scalar(digits(radix: 16, least: 4, most: 4), from: start)
        case "o" where current == "{":
            position += 1
            let value = digits(radix: 8, least: 1, most: 11)
            guard take("}") else { throw fault("the escape is not closed by '}'", at: start) }
            return try scalar(value, from: start)
        case 0x30...0x37:
            position -= 1
            return try scalar(digits(radix: 8, least: 1, most: 3), from: start)
        case "c": return try parseControl(from: start)
        case "C" where current == "-":
            position += 1
            return try parseControl(from: start)
        case "M" where current == "-": throw unsupported("a meta character '\\M-'", at: start)
        default: return next
        }
    }

    private mutating func parseControl(from start: Int) throws(RegexFault) -> UInt32 {
        guard let next = current, next < 0x80, next != "\\" else {
            throw unsupported("this control character", at: start)
        }
        position += 1
        return next == "?" ? 0x7F : next & 0x9F
    }

    /// Parses `\x{…}` or `\xHH`; several `\xHH` above 0x7F in a row are the UTF-8 of one character.
    private mutating func parseHexadecimal(from start: Int) throws(RegexFault) -> UInt32 {
        if take("{") {
            let value = digits(radix: 16, least: 1, most: 8)
            guard take("}") else {
                throw fault("the escape is not closed by '}', or contains more than one number", at: start)
            }
            return try scalar(value, from: start)
        }
        let first = digits(radix: 16, least: 0, most: 2) ?? 0
        guard first >= 0x80 else { return UInt32(first) }
        var bytes = [UInt8(first)]
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        while bytes.count < length, take("\\x"), let byte = digits(radix: 16, least: 1, most: 2) {
            bytes.append(UInt8(byte))
        }
        let scalars = bytes.withUnsafeBufferPointer { UTF8Scanner.isValid($0) ? UTF8Scanner.scalars($0) : [] }
        guard scalars.count == 1 else { throw fault("these bytes are not one UTF-8 character", at: start) }
        return scalars[0]
    }

    private mutating func digits(radix: Int, least: Int, most: Int) -> Int? {
        var value = 0
        var count = 0
        while count < most, let next = current, let scalar = Unicode.Scalar(next),
            let digit = Character(scalar).hexDigitValue, digit < radix, next < 0x80
        {
            value = value * radix + digit
            count += 1
            position += 1
        }
        return count >= least ? value : nil
    }

    private func scalar(_ value: Int?, from start: Int) throws(RegexFault) -> UInt32 {
        guard let value, let number = UInt32(exactly: value), Unicode.Scalar(number) != nil else {
            throw fault("the escape is not a valid character", at: start)
        }
        return number
    }
}
