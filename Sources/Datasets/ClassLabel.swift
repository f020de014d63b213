/// Label names by id.
///
/// Ids follow from sorted unique names, so users never assign them.
///
/// Source: `ClassLabel` and `class_encode_column` of datasets 5.2.
public struct ClassLabel: Sendable, Equatable, Codable {
    /// The names by id.
    public let names: [String]

    /// Creates labels with given names.
    ///
    /// - Parameter names: The names by id.
    public init(names: [String]) { self.names = names }

    /// Collects the labels that occur in a column, in code-point order.
    ///
    /// - Parameter values: The column's values; missing ones are ignored.
    public init(values: [String?]) {
        // Bytes sort like code points. Swift's string comparison would treat "é" and "e\u{301}" as one label.
        let unique = Set(values.compactMap { $0.map { Array($0.utf8) } })
        names = unique.sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether both have the same names with the same ids, byte for byte.
    ///
    /// - Parameters:
    ///   - a: The first labels.
    ///   - b: The second labels.
    /// - Returns: Whether they are equal.
    public static func == (a: Self, b: Self) -> Bool {
        a.names.elementsEqual(b.names) { $0.utf8.elementsEqual($1.utf8) }
    }

    /// Returns the id of a name.
    ///
    /// - Parameter name: The name.
    /// - Returns: The id; nil for an unknown name.
    public func id(for name: String) -> Int? { names.firstIndex { $0.utf8.elementsEqual(name.utf8) } }

    /// Returns the ids for a column of names.
    ///
    /// - Parameter values: The names; nil for a missing one.
    /// - Returns: The ids; nil for a missing or unknown name.
    public func encode(_ values: [String?]) -> [Int?] {
        let ids = Dictionary(
            names.enumerated().map { (Array($1.utf8), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        return values.map { $0.flatMap { ids[Array($0.utf8)] } }
    }
}
