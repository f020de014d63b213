/// A random generator that gives the same numbers in every run.
///
/// Source: Steele et al., "Fast Splittable Pseudorandom Number Generators".
package struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    /// Creates a stream.
    package init(state: UInt64) { self.state = state }

    /// The next number.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Damages files: bits, bytes, ranges, numbers, words of the format, pieces of other files.
package struct Mutator {
    /// The source of every choice.
    package var random: SplitMix64
    private let words: [[UInt8]]

    /// Creates a mutator.
    ///
    /// - Parameters:
    ///   - random: The source of every choice.
    ///   - words: Byte strings that the readers interpret.
    package init(random: SplitMix64, words: [[UInt8]] = Mutator.dataWords) {
        self.random = random
        self.words = words
    }

    /// Byte strings that the data readers interpret.
    package static let dataWords: [[UInt8]] = [
        "\"", "\"\"", ",", ";", "\t", "|", "\n", "\r\n", "\r", "{", "}", "[", "]", ":", "null", "true",
        "false", "1e999",
        "-9223372036854775808", "9223372036854775808", "0.1", "-", "\\u0000", "\\ud83d\\ude00", "\\ud800",
        "\\", "[]",
        "{}", "[[]]", "[null]", "{\"a\": 1}", "\"text\": ", "\u{FEFF}", "\u{0}", "é", "e\u{301}", "😀", "PAR1",
        "ARROW1",
        "---\n", "configs:\n", "- split: test\n  path: ", "*", "**/*", "&a ", "*a", "../", "data_files: ",
        "!!binary ",
        "discrete", "class", "meta", "BZh9", "huggingface", "ClassLabel",
    ].map { Array($0.utf8) }
    package static let numbers: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 40,
        .max >> 1, 1 << 63,
        .max,
    ]

    /// Returns a number in a range.
    package mutating func int(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    /// Returns a copy that is damaged mostly in one place, so that readers get far.
    package mutating func damaged(_ seed: [UInt8], other: [UInt8], isText: Bool) -> [UInt8] {
        var bytes = seed
        for _ in 0..<[1, 1, 1, 2, 4, 8][int(0..<6)] {
            // In text formats, inserted words and pieces give valid files more often than changed bytes.
            damage(
                &bytes,
                other,
                kind: isText && int(0..<4) > 0 ? [3, 4, 5, 5, 5, 8][int(0..<6)] : int(0..<11)
            )
        }
        return bytes
    }

    private mutating func damage(_ bytes: inout [UInt8], _ other: [UInt8], kind: Int) {
        guard !bytes.isEmpty else { return bytes = words[int(0..<words.count)] }
        let place = int(0..<bytes.count)
        let range = place..<min(bytes.count, place + (1 << int(0..<8)))
        switch kind {
        case 0: bytes[place] ^= 1 << UInt8(int(0..<8))
        case 1: bytes[place] = UInt8(int(0..<256))
        case 2: bytes[place] = bytes[place] &+ UInt8(int(1..<8)) &- 4
        case 3: bytes.removeSubrange(range)
        case 4: bytes.insert(contentsOf: bytes[range], at: int(0..<bytes.count))
        case 5: bytes.insert(contentsOf: words[int(0..<words.count)], at: place)
        case 6: bytes.removeLast(int(0..<bytes.count))
        case 7:
            let number = Self.numbers[int(0..<Self.numbers.count)]
            let width = [1, 2, 4, 8][int(0..<4)]
            for index in 0..<min(width, bytes.count - place) {
                bytes[place + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
            }
        case 8 where !other.isEmpty:
            let start = int(0..<other.count)
            bytes.insert(contentsOf: other[start..<min(other.count, start + (1 << int(0..<10)))], at: place)
        case 9:
            for index in range { bytes[index] = UInt8(int(0..<256)) }
        default:
            // A run of one byte, like a long field or deep nesting.
            bytes.insert(contentsOf: repeatElement(bytes[place], count: 1 << int(0..<13)), at: place)
        }
    }
}
