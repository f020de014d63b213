/// SHA-256, with which damaged files get valid checksums, so that they reach the checks behind them.
///
/// Source: [FIPS 180-4](https://doi.org/10.6028/NIST.FIPS.180-4)
package enum SHA256 {
    /// Returns the digest of some bytes.
    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var message = bytes + [0x80]
        message += [UInt8](repeating: 0, count: (120 - message.count % 64) % 64)
        let bits = UInt64(bytes.count) * 8
        message += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
        var state = start
        for block in stride(from: 0, to: message.count, by: 64) {
            mix(Array(message[block..<block + 64]), &state)
        }
        return state.flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) }
        }
    }

    /// Returns the digest in hexadecimal.
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(digest(bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// The first 32 bits of the fractional parts of roots of the first primes.
    private static func fractions(_ count: Int, root: (Double) -> Double) -> [UInt32] {
        let primes = (2...400).filter { number in (2..<number).allSatisfy { number % $0 != 0 } }
        return primes.prefix(count).map { prime in
            let value = root(Double(prime))
            return UInt32((value - value.rounded(.down)) * 0x1p32)
        }
    }

    private static let start = fractions(8) { $0.squareRoot() }
    private static let constants = fractions(64, root: cubeRoot)

    private static func cubeRoot(_ value: Double) -> Double {
        var x = value / 3
        for _ in 0..<60 { x -= (x * x * x - value) / (3 * x * x) }
        return x
    }

    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word >> count | word << (32 - count)
    }

    private static func mix(_ block: [UInt8], _ state: inout [UInt32]) {
        var words = (0..<16).map { index in
            block[index * 4..<index * 4 + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        for index in 16..<64 {
            let (a, b) = (words[index - 15], words[index - 2])
            let small = rotated(a, 7) ^ rotated(a, 18) ^ a >> 3
            let large = rotated(b, 17) ^ rotated(b, 19) ^ b >> 10
            words.append(words[index - 16] &+ small &+ words[index - 7] &+ large)
        }
        var s = state
        for index in 0..<64 {
            let large = rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25)
            let choice: UInt32 = s[4] & s[5] ^ ~s[4] & s[6]
            let first: UInt32 = s[7] &+ large &+ choice &+ constants[index] &+ words[index]
            let small = rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22)
            let majority: UInt32 = s[0] & s[1] ^ s[0] & s[2] ^ s[1] & s[2]
            s = [first &+ small &+ majority, s[0], s[1], s[2], s[3] &+ first, s[4], s[5], s[6]]
        }
        for index in 0..<8 { state[index] = state[index] &+ s[index] }
    }
}
