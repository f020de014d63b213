import NN
import Tokenization

extension EncodedExamples {
    /// Tells these ids and targets from others; the same in every process.
    package var fingerprint: String {
        var hash = Fingerprint()
        hash.add(encodings.ids)
        hash.add(encodings.cuSeqlens)
        hash.add(encodings.typeIDs)
        switch targets {
        case .classes(let ids): hash.add(ids)
        case .labelSets(let sets): for set in sets { hash.add(set) }
        case .numbers(let numbers): hash.add(numbers.map { Int64(bitPattern: $0.bitPattern) })
        case nil: break
        }
        return hash.text
    }
}

/// A hash that is the same in every process: FNV-1a by words rather than bytes, turned so that high bits reach the low ones.
package struct Fingerprint {
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// The hash of nothing.
    package init() {}

    /// The hash in hexadecimal digits.
    package var text: String { String(value, radix: 16) }

    /// Adds numbers, and how many they are.
    package mutating func add(_ numbers: [some FixedWidthInteger]) {
        add(UInt64(numbers.count))
        for number in numbers { add(UInt64(truncatingIfNeeded: number)) }
    }

    private mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x100_0000_01b3
        value ^= value >> 29
    }
}
