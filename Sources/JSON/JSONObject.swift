/// A JSON object's members in the order in which they stand.
///
/// Names are compared byte by byte: Swift's own `==` takes canonically equivalent texts for one, and a vocabulary may
/// hold both.
public struct JSONObject: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// A name and its value.
    public struct Member: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The value.
        public var value: JSONValue
    }

    /// The members in order; a document may repeat a name, and the last one counts.
    public private(set) var members: [Member]

    /// An object of given members.
    ///
    /// - Parameter members: In order.
    public init(_ members: [(String, JSONValue)] = []) {
        self.members = members.map { Member(name: $0.0, value: $0.1) }
    }

    /// An object as written in Swift.
    ///
    /// - Parameter elements: In order.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }

    init(members: [Member]) { self.members = members }

    /// A member's value; null where there is none.
    ///
    /// Setting null removes it.
    ///
    /// - Parameter name: Its name.
    public subscript(name: String) -> JSONValue {
        get { index(of: name).map { members[$0].value } ?? .null }
        set {
            switch (index(of: name), newValue) {
            case (let index?, .null): members.remove(at: index)
            case (let index?, _): members[index].value = newValue
            case (nil, .null): break
            case (nil, _): members.append(Member(name: name, value: newValue))
            }
        }
    }

    /// Whether a member is there, be it null.
    ///
    /// - Parameter name: Its name.
    /// - Returns: True where it is.
    public func contains(_ name: String) -> Bool { index(of: name) != nil }

    private func index(of name: String) -> Int? {
        members.lastIndex { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// The same members by name, in code-point order.
    public var sorted: JSONObject {
        JSONObject(members: members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    }
}
