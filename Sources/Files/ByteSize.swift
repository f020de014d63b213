import Foundation

/// A number of bytes, as people write and read it.
///
/// `kB`, `MB`, `GB` and `TB` are powers of 1,000; `KiB`, `MiB`, `GiB` and `TiB` are powers of 1,024.
public struct ByteSize: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The bytes.
    public var bytes: Int

    /// Creates a size.
    ///
    /// - Parameter bytes: The number of bytes, not negative.
    public init(_ bytes: Int) { self.bytes = bytes }

    /// Parses `24GB`, `1.5 GiB`, `512 mb` or a number of bytes.
    ///
    /// The `B` of a unit is optional: `24G` is 24 GB. Case does not matter. Nil if the text is not a size above 0.
    ///
    /// - Parameter text: The text, as typed.
    public init?(_ text: String) {
        let text = text.lowercased().filter { !$0.isWhitespace }
        let digits = text.prefix { $0.isNumber || $0 == "." }
        guard let number = Double(digits), number > 0,
            let unit = Self.units[String(text.dropFirst(digits.count))],
            let bytes = Int(exactly: (number * unit).rounded()), bytes > 0
        else { return nil }
        self.bytes = bytes
    }

    private static let units: [String: Double] = {
        var units: [String: Double] = ["": 1, "b": 1]
        for (power, letter) in ["k", "m", "g", "t"].enumerated() {
            let decimal = pow(1000, Double(power + 1))
            (units[letter], units[letter + "b"]) = (decimal, decimal)
            units[letter + "ib"] = pow(1024, Double(power + 1))
        }
        return units
    }()

    /// The size in the largest decimal unit with a digit before the point: `1.5 GB`, `820 B`.
    public var description: String {
        let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")]
        guard let (unit, name) = units.first(where: { Double(bytes) >= $0.0 }) else { return "\(bytes) B" }
        return String(format: "%.1f ", Double(bytes) / unit) + name
    }

    /// Whether the first size is smaller.
    public static func < (first: ByteSize, second: ByteSize) -> Bool { first.bytes < second.bytes }
}

/// Formats a number of bytes for people.
///
/// - Parameter bytes: The number of bytes, not negative.
/// - Returns: The ``ByteSize/description`` of the size.
public func formattedSize(_ bytes: Int) -> String { ByteSize(bytes).description }
