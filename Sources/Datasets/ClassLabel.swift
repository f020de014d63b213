/// Label names by id: sorted unique names, so that nobody types an id.
///
/// Source: `ClassLabel` and `class_encode_column` of datasets 5.2.
public struct ClassLabel: Sendable, Equatable, Codable {
    /// Names by id.
    public let names: [String]

    /// Labels of given names.
    ///
    /// - Parameter names: By id.
    public init(names: [String]) { self.names = names }

    /// The labels that occur in a column, in code-point order.
    ///
    /// - Parameter values: The column's; missing ones do not count.
    public init(values: [String?]) {
        // By bytes, whose order is that of code points: for Swift "é" and "e\u{301}" would be one label.
        let unique = Set(values.compactMap { $0.map { Array($0.utf8) } })
        names = unique.sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether two have the same names by the same ids, to the byte.
    ///
    /// - Parameters:
    ///   - a: Some labels.
    ///   - b: Other labels.
    /// - Returns: Whether they agree.
    public static func == (a: Self, b: Self) -> Bool {
        a.names.elementsEqual(b.names) { $0.utf8.elementsEqual($1.utf8) }
    }

    /// A name's id.
    ///
    /// - Parameter name: The name.
    /// - Returns: The id; nil where the name is not among them.
    public func id(for name: String) -> Int? { names.firstIndex { $0.utf8.elementsEqual(name.utf8) } }

    /// The ids of a column.
    ///
    /// - Parameter values: Names; nil where one is missing.
    /// - Returns: Ids; nil where a name is missing or unknown.
    public func encode(_ values: [String?]) -> [Int?] {
        let ids = Dictionary(
            names.enumerated().map { (Array($1.utf8), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        return values.map { $0.flatMap { ids[Array($0.utf8)] } }
    }
}
