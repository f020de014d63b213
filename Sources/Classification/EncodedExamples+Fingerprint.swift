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
        return String(hash.value, radix: 16)
    }
}

/// FNV-1a by words rather than bytes, turned so that high bits reach the low ones.
private struct Fingerprint {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Takes in numbers, and how many they are.
    mutating func add(_ numbers: [some FixedWidthInteger]) {
        add(UInt64(numbers.count))
        for number in numbers { add(UInt64(truncatingIfNeeded: number)) }
    }

    private mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x100_0000_01b3
        value ^= value >> 29
    }
}
