import Foundation

/// Unicode's normal forms.
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
        var index: Int
        var order: UInt8
        /// Whether it is the first of what an old character becomes.
        var isFirst: Bool
    }

    func normalize(_ text: inout TrackedText) {
        if text.bytes.allSatisfy({ $0 < 0x80 }) { return }
        text.rewrite { bytes, builder in
            var characters: [Character] = []
            characters.reserveCapacity(bytes.count)
            var index = 0
            while index < bytes.count {
                let (value, length) = UTF8Scanner.scalar(bytes, at: index)
                decompose(value, at: index, into: &characters)
                index += length
            }
            if Self.order(&characters) { Self.attribute(&characters) }
            if form == .nfc || form == .nfkc { Self.compose(&characters) }
            for character in characters { builder.put(character.scalar, for: character.index) }
        }
    }

    private func decompose(_ value: UInt32, at index: Int, into characters: inout [Character]) {
        guard value >= 0xA0, let scalar = Unicode.Scalar(value) else {
            characters.append(Character(scalar: value, index: index, order: 0, isFirst: true))
            return
        }
        let text = String(Swift.Character(scalar))
        let isCompatible = form == .nfkc || form == .nfkd
        let parts =
            isCompatible
            ? text.decomposedStringWithCompatibilityMapping : text.decomposedStringWithCanonicalMapping
        var isFirst = true
        for part in parts.unicodeScalars {
            let order = part.properties.canonicalCombiningClass.rawValue
            characters.append(Character(scalar: part.value, index: index, order: order, isFirst: isFirst))
            isFirst = false
        }
    }

    /// Puts combining marks into canonical order.
    ///
    /// - Returns: Whether any moved.
    private static func order(_ characters: inout [Character]) -> Bool {
        var moved = false
        var start = 0
        while start < characters.count {
            var end = start + 1
            var isOrdered = true
            if characters[start].order > 0 {
                while end < characters.count, characters[end].order > 0 {
                    if characters[end - 1].order > characters[end].order { isOrdered = false }
                    end += 1
                }
            }
            if !isOrdered {
                // Stable, and no slower for a text that is nothing but marks.
                characters[start..<end].sort { $0.order < $1.order }
                moved = true
            }
            start = end
        }
        return moved
    }

    /// Counts anew which old character each stands for: as in the reference, the n-th first one for the n-th.
    private static func attribute(_ characters: inout [Character]) {
        let places = characters.filter(\.isFirst).map(\.index).sorted()
        var next = 0
        for index in characters.indices {
            if characters[index].isFirst { next += 1 }
            characters[index].index = places[max(0, next - 1)]
        }
    }

    /// Composes each starter with what follows it, as far as nothing stands between.
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
                    continue
                }
            }
            if character.order == 0 { starter = result.count }
            result.append(character)
        }
        characters = result
    }

    private static func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
        // Hangul by arithmetic: Foundation does not join a syllable's third letter.
        if first &- 0xAC00 < 11172, (first - 0xAC00).isMultiple(of: 28), (0x11A8...0x11C2).contains(second) {
            return first + second - 0x11A7
        }
        guard let first = Unicode.Scalar(first), let second = Unicode.Scalar(second), second.value >= 0x300
        else {
            return nil
        }
        var pair = String.UnicodeScalarView()
        pair.append(first)
        pair.append(second)
        let composed = String(pair).precomposedStringWithCanonicalMapping.unicodeScalars
        guard composed.count == 1, let only = composed.first, only != first else { return nil }
        return only.value
    }
}
