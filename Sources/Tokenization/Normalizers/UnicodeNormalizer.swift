import Foundation

/// Converts text to one of Unicode's normal forms.
struct UnicodeNormalizer: Normalizer {
    /// The four normal forms.
    enum Form: String, Sendable {
        case nfc = "NFC"
        case nfd = "NFD"
        case nfkc = "NFKC"
        case nfkd = "NFKD"
    }

    var form: Form

    private struct Character {
        var scalar: UInt32
        var order: UInt8
        /// How it relates to the old characters; see `TextChange`.
        var change: Int
    }

    func normalize(_ text: inout TrackedText) {
        if text.bytes.allSatisfy({ $0 < 0x80 }) { return }
        var characters: [Character] = []
        characters.reserveCapacity(text.bytes.count)
        text.bytes.withUnsafeBufferPointer { bytes in
            var index = 0
            while index < bytes.count {
                let (value, length) = UTF8Scanner.scalar(bytes, at: index)
                decompose(value, into: &characters)
                index += length
            }
        }
        Self.order(&characters)
        if form == .nfc || form == .nfkc { Self.compose(&characters) }
        text.apply(characters.map { TextChange(scalar: $0.scalar, change: $0.change) })
    }

    private func decompose(_ value: UInt32, into characters: inout [Character]) {
        guard value >= 0xA0, let scalar = Unicode.Scalar(value), Self.isKnown(scalar) else {
            characters.append(Character(scalar: value, order: 0, change: 0))
            return
        }
        let text = String(Swift.Character(scalar))
        let isCompatible = form == .nfkc || form == .nfkd
        let parts =
            isCompatible
            ? text.decomposedStringWithCompatibilityMapping : text.decomposedStringWithCanonicalMapping
        var change = 0
        for part in parts.unicodeScalars {
            let order = Self.isKnown(part) ? part.properties.canonicalCombiningClass.rawValue : 0
            characters.append(Character(scalar: part.value, order: order, change: change))
            change = 1
        }
    }

    /// Puts combining marks into canonical order.
    private static func order(_ characters: inout [Character]) {
        var start = 0
        while start < characters.count {
            guard characters[start].order > 0 else {
                start += 1
                continue
            }
            var end = start + 1
            while end < characters.count, characters[end].order > 0 { end += 1 }
            if end - start > 1 {
                // Sorted by order and offset: equal characters must keep their order, and long runs must stay fast.
                let run = characters[start..<end].enumerated().sorted {
                    ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
                }
                characters.replaceSubrange(start..<end, with: run.map(\.element))
            }
            start = end
        }
    }

    /// Composes each starter with the characters after it that are not blocked.
    private static func compose(_ characters: inout [Character]) {
        var result: [Character] = []
        var starter: Int?
        for character in characters {
            if let at = starter {
                let last = result.count - 1
                let isBlocked =
                    last > at && (result[last].order >= character.order || result[last].order == 0)
                if !isBlocked, let composed = composition(result[at].scalar, character.scalar) {
                    result[at].scalar = composed
                    result[at].change += character.change - 1
                    continue
                }
            }
            if character.order == 0 { starter = result.count }
            result.append(character)
        }
        characters = result
    }

    private static func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
        guard second >= 0x300 else { return nil }
        return hangul(first, second) ?? compositions[UInt64(first) << 32 | UInt64(second)]
    }

    /// The compositions of two characters, except for Hangul.
    private static let compositions: [UInt64: UInt32] = {
        var whole: [[UInt32]: UInt32] = [:]
        var result: [UInt64: UInt32] = [:]
        // The ranges that contain all composed characters of Unicode 9.
        for value in [0xC0..<0x3400, 0x1_1000..<0x1_1A00].joined() {
            guard let scalar = Unicode.Scalar(UInt32(value)), isKnown(scalar) else { continue }
            let text = String(Swift.Character(scalar))
            let parts = text.decomposedStringWithCanonicalMapping.unicodeScalars.map(\.value)
            // Characters that composition excludes do not recompose. Foundation also excludes U+0CCB by mistake.
            guard parts.count > 1,
                value == 0xCCB
                    || text.precomposedStringWithCanonicalMapping.unicodeScalars.elementsEqual([scalar])
            else { continue }
            whole[parts] = scalar.value
        }
        for (parts, value) in whole {
            let start = Array(parts.dropLast())
            guard let last = parts.last, let first = start.count == 1 ? start[0] : whole[start] else {
                continue
            }
            result[UInt64(first) << 32 | UInt64(last)] = value
        }
        return result
    }()

    /// Whether a character is in tokenizers' tables, which follow Unicode 9.
    static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x590 || (scalar.properties.age?.major ?? 99) <= 9
    }

    /// The Hangul syllable of two parts, by arithmetic: Unicode 16, section 3.12.
    private static func hangul(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if (0x1100..<0x1113).contains(first), (0x1161..<0x1176).contains(second) {
            return 0xAC00 + ((first - 0x1100) * 21 + second - 0x1161) * 28
        }
        guard (0xAC00..<0xD7A4).contains(first), (first - 0xAC00) % 28 == 0,
            (0x11A8..<0x11C3).contains(second)
        else { return nil }
        return first + second - 0x11A7
    }
}
