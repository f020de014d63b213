import Files

/// Labels with their numbers on one line; of many labels those with the largest and the smallest numbers.
///
/// - Parameters:
///   - numbers: By label id.
///   - shown: How a label is shown with its number, by id.
/// - Returns: `ann 3, bob 2`; of more than sixty labels `10,000, from … to …`.
package func listedLabels<Number: Comparable>(by numbers: [Number], _ shown: (Int) -> String) -> String {
    let (most, some) = (60, 10)
    guard numbers.count > most else { return numbers.indices.map(shown).joined(separator: ", ") }
    let sorted = numbers.indices.sorted { (numbers[$1], $0) < (numbers[$0], $1) }
    let ends = [sorted.prefix(some), sorted.suffix(some)].map { $0.map(shown).joined(separator: ", ") }
    return "\(grouped(numbers.count)), from \(ends[0]), … to \(ends[1])"
}
