/// A hash that is the same in every process: FNV-1a over words instead of bytes, with high bits mixed into the low ones.
package struct Fingerprint {
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Creates the hash of no data.
    package init() {}

    /// The hash in hexadecimal digits.
    package var text: String { String(value, radix: 16) }

    /// Adds numbers and their count.
    package mutating func add(_ numbers: [some FixedWidthInteger]) {
        add(UInt64(numbers.count))
        for number in numbers { add(UInt64(truncatingIfNeeded: number)) }
    }

    private mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x100_0000_01b3
        value ^= value >> 29
    }
}
