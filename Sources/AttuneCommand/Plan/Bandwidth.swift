import ArgumentParser

/// The speed of a network between two hosts, the value of `--bandwidth`.
struct Bandwidth: ExpressibleByArgument, Equatable {
    /// The value for people.
    let typed: String
    /// The bits per second.
    let bitsPerSecond: Double

    /// Reads `10Gbit`, `10Gbit/s`, `10Gb/s` or `10Gbps`, all of which are bits, or `1.25GB/s`, which is bytes.
    ///
    /// Nil for a number without a unit, because bits and bytes are often mistaken for each other.
    ///
    /// - Parameter argument: The text, as typed.
    init?(argument: String) {
        let text = argument.filter { !$0.isWhitespace }
        let digits = text.prefix { $0.isNumber || $0 == "." }
        guard let number = Double(digits), number > 0 else { return nil }
        var unit = text.dropFirst(digits.count)
        for ending in ["/s", "ps"] where unit.hasSuffix(ending) { unit = unit.dropLast(2) }
        let powers: [Character: Double] = ["k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12]
        guard let letter = unit.popFirst(), let power = powers[Character(letter.lowercased())] else {
            return nil
        }
        switch unit {
        case "bit", "Bit", "b": bitsPerSecond = number * power
        case "B", "byte", "bytes": bitsPerSecond = 8 * number * power
        default: return nil
        }
        typed = argument
    }

    private init(_ typed: String, _ bitsPerSecond: Double) {
        (self.typed, self.bitsPerSecond) = (typed, bitsPerSecond)
    }

    /// Usual networks, for a plan without a bandwidth.
    static let usual = [Bandwidth("1Gbit", 1e9), Bandwidth("10Gbit", 1e10), Bandwidth("100Gbit", 1e11)]
}
