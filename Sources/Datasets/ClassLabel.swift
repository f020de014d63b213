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
        names = Set(values.compactMap { $0 }).sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
    }

    /// A name's id.
    ///
    /// - Parameter name: The name.
    public func id(for name: String) -> Int? { names.firstIndex(of: name) }

    /// The ids of a column.
    ///
    /// - Parameter values: Names; nil where one is missing.
    /// - Returns: Ids; nil where a name is missing or unknown.
    public func encode(_ values: [String?]) -> [Int?] {
        let ids = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        return values.map { $0.flatMap { ids[$0] } }
    }
}
