import Files

/// Lists labels with their numbers on one line. If there are many, lists those with the largest and smallest numbers.
///
/// - Parameters:
///   - numbers: The numbers by label id.
///   - shown: Formats a label with its number, by id.
/// - Returns: `ann 3, bob 2`; for more than sixty labels `10,000, from … to …`.
package func listedLabels<Number: Comparable>(by numbers: [Number], _ shown: (Int) -> String) -> String {
    let (most, some) = (60, 10)
    guard numbers.count > most else { return numbers.indices.map(shown).joined(separator: ", ") }
    let sorted = numbers.indices.sorted { (numbers[$1], $0) < (numbers[$0], $1) }
    let ends = [sorted.prefix(some), sorted.suffix(some)].map { $0.map(shown).joined(separator: ", ") }
    return "\(grouped(numbers.count)), from \(ends[0]), … to \(ends[1])"
}
