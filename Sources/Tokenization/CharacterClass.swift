/// What split patterns ask of a character: `\p{L}`, `\p{N}`, `\s` or none of these.
enum CharacterClass: UInt8 {
    case letter, number, space, other

    init(_ scalar: Unicode.Scalar) {
        if scalar.value < 0x80 {
            switch UInt8(scalar.value) {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): self = .letter
            case UInt8(ascii: "0")...UInt8(ascii: "9"): self = .number
            case 0x09...0x0D, 0x20: self = .space
            default: self = .other
            }
            return
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            self = .letter
        case .decimalNumber, .letterNumber, .otherNumber: self = .number
        default: self = scalar.properties.isWhitespace ? .space : .other
        }
    }
}

/// A text's UTF-8 bytes, decoded a scalar at a time.
struct ScalarView {
    let bytes: UnsafeBufferPointer<UInt8>

    /// The scalar that starts at a byte and where the next one starts; the bytes are valid UTF-8.
    @inline(__always)
    func scalar(at index: Int) -> (scalar: Unicode.Scalar, next: Int) {
        let first = UInt32(bytes[index])
        func continuation(_ offset: Int) -> UInt32 { UInt32(bytes[index + offset]) & 0x3F }
        let (value, length): (UInt32, Int) =
            switch first {
            case ..<0x80: (first, 1)
            case ..<0xE0: ((first & 0x1F) << 6 | continuation(1), 2)
            case ..<0xF0: ((first & 0x0F) << 12 | continuation(1) << 6 | continuation(2), 3)
            default:
                ((first & 0x07) << 18 | continuation(1) << 12 | continuation(2) << 6 | continuation(3), 4)
            }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", index + length)
    }

    @inline(__always)
    func characterClass(at index: Int) -> (class: CharacterClass, next: Int) {
        let (scalar, next) = scalar(at: index)
        return (CharacterClass(scalar), next)
    }

    /// Where a run of a class ends, at most `limit` characters on.
    @inline(__always)
    func end(of kind: CharacterClass, from start: Int, to end: Int, limit: Int = .max) -> Int {
        var index = start
        var count = 0
        while index < end, count < limit {
            let (found, next) = characterClass(at: index)
            guard found == kind else { break }
            index = next
            count += 1
        }
        return index
    }
}
