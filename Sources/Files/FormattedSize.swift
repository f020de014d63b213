import Foundation

/// Bytes in the largest unit that leaves a digit before the point: `1.5 GB`, `820 B`.
///
/// - Parameter bytes: Not negative.
/// - Returns: For a person, in powers of 1,000.
public func formattedSize(_ bytes: Int) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")]
    guard let (unit, name) = units.first(where: { Double(bytes) >= $0.0 }) else { return "\(bytes) B" }
    return String(format: "%.1f ", Double(bytes) / unit) + name
}
