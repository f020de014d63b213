/// Reads numbers with the rounding of tokenizers' JSON reader.
///
/// The reader converts all digits to a double and scales it, so the last bit of long fractions can be off. That bit
/// decides between two segmentations of a word with equal scores.
///
/// Source: [`f64_from_parts`](https://github.com/serde-rs/json/blob/v1.0.145/src/de.rs) of serde_json without
/// `float_roundtrip`
enum LooseNumber {
    private static let powers: [Double] = (0...308).compactMap { Double("1e\($0)") }

    /// The value of a JSON number.
    ///
    /// - Parameter text: The number's text.
    /// - Returns: The value; nil if the text is not a number, or the number is too large.
    static func value(of text: some Collection<UInt8>) -> Double? {
        var digits = text[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits.removeFirst() }
        var significand: UInt64 = 0
        var exponent = 0
        var isFraction = false
        var isFull = false
        var count = 0
        while let byte = digits.first, byte == UInt8(ascii: ".") || (0x30...0x39).contains(byte) {
            digits.removeFirst()
            guard byte != UInt8(ascii: ".") else {
                guard !isFraction, count > 0 else { return nil }
                isFraction = true
                continue
            }
            count += 1
            let (product, overflow) = significand.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
            // Once the significand is full, fraction digits are dropped, and each integer digit raises the exponent.
            isFull = isFull || overflow || carry
            if !isFull { significand = sum }
            if isFraction { exponent -= isFull ? 0 : 1 } else if isFull { exponent += 1 }
        }
        guard count > 0 else { return nil }
        if let mark = digits.first {
            guard mark | 0x20 == UInt8(ascii: "e"),
                let written = Int(String(decoding: digits.dropFirst(), as: UTF8.self))
            else { return nil }
            exponent += max(-100_000, min(100_000, written))
        }
        return scaled(Double(significand), exponent).map { isNegative ? -$0 : $0 }
    }

    private static func scaled(_ value: Double, _ exponent: Int) -> Double? {
        var (value, exponent) = (value, exponent)
        while abs(exponent) > 308 {
            if value == 0 { return value }
            guard exponent < 0 else { return nil }
            value /= powers[308]
            exponent += 308
        }
        let result = exponent >= 0 ? value * powers[exponent] : value / powers[-exponent]
        return result.isFinite ? result : nil
    }
}
