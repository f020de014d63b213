/// The members of a JSON object, in document order.
///
/// Names are compared byte by byte. Swift's `==` treats canonically equivalent strings as equal, but a vocabulary may
/// contain both.
public struct JSONObject: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// A name and its value.
    public struct Member: Sendable, Equatable {
        /// The name.
        public var name: String
        /// The value.
        public var value: JSONValue
    }

    /// The members in order.
    ///
    /// A document may repeat a name; then the last one counts.
    public private(set) var members: [Member]

    /// Creates an object from members.
    ///
    /// - Parameter members: The members, in order.
    public init(_ members: [(String, JSONValue)] = []) {
        self.members = members.map { Member(name: $0.0, value: $0.1) }
    }

    /// Creates an object from a dictionary literal.
    ///
    /// - Parameter elements: The members, in order.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }

    init(members: [Member]) { self.members = members }

    /// The value of a member; null if there is no such member.
    ///
    /// Setting null removes the member.
    ///
    /// - Parameter name: The member's name.
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

    /// Whether a member exists, even if its value is null.
    ///
    /// - Parameter name: The member's name.
    /// - Returns: True if it exists.
    public func contains(_ name: String) -> Bool { index(of: name) != nil }

    private func index(of name: String) -> Int? {
        members.lastIndex { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// The members sorted by name, in code-point order.
    public var sorted: JSONObject {
        JSONObject(members: members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    }
}
