extension JSONDocument {
    /// The root value.
    package var root: Value { Value(document: self, index: 0, path: "$") }

    /// A value in a JSON document, with its path.
    package struct Value: Sendable {
        /// The document that contains the value.
        package let document: JSONDocument
        /// The index of its node.
        package let index: Int
        /// Its path, `$.model.vocab` for example.
        package let path: String

        /// Makes the value of a node.
        ///
        /// - Parameters:
        ///   - document: The document.
        ///   - index: The index of the node.
        ///   - path: The path of the value, for messages.
        package init(document: JSONDocument, index: Int, path: String) {
            self.document = document
            self.index = index
            self.path = path
        }

        /// The value's kind.
        package var kind: JSONDocument.Kind { document.nodes[index].kind }

        /// Whether the value is `null`.
        package var isNull: Bool { kind == .null }

        /// The UTF-8 of a string; nil for other kinds.
        package var utf8: ArraySlice<UInt8>? { kind == .string ? text : nil }

        /// The text of a scalar: a string without its quotes and escapes, or another scalar as written.
        package var text: ArraySlice<UInt8> {
            let node = document.nodes[index]
            return document.bytes[Int(node.start)..<Int(node.start) + Int(node.length)]
        }

        /// The string; nil for other kinds.
        package var string: String? { utf8.map { String(decoding: $0, as: UTF8.self) } }

        /// The Boolean; nil for other kinds.
        package var bool: Bool? { kind == .bool ? text.first == UInt8(ascii: "t") : nil }

        /// The number; nil for other kinds.
        package var number: Double? { kind == .number ? Double(String(decoding: text, as: UTF8.self)) : nil }

        /// The number if it is whole; nil otherwise.
        package var integer: Int? {
            guard kind == .number else { return nil }
            if let value = Int(String(decoding: text, as: UTF8.self)) { return value }
            return number.flatMap { Int(exactly: $0) }
        }

        /// The members of an object, in the order written; empty for anything else.
        package var members: [(name: String, value: Self)] {
            guard kind == .object else { return [] }
            var result: [(name: String, value: Self)] = []
            var at = index + 1
            for _ in 0..<Int(document.nodes[index].start) {
                let name = Self(document: document, index: at, path: path).string ?? ""
                result.append((name, Self(document: document, index: at + 1, path: "\(path).\(name)")))
                at = Int(document.nodes[at + 1].next)
            }
            return result
        }

        /// The elements of an array; empty for anything else.
        package var elements: [Self] {
            guard kind == .array else { return [] }
            var at = index + 1
            return (0..<Int(document.nodes[index].start)).map { position in
                defer { at = Int(document.nodes[at].next) }
                return Self(document: document, index: at, path: "\(path)[\(position)]")
            }
        }

        /// The last member with a name; nil if it is missing or `null`.
        package subscript(_ name: String) -> Self? {
            guard kind == .object else { return nil }
            let wanted = Array(name.utf8)
            var found: Self?
            var at = index + 1
            for _ in 0..<Int(document.nodes[index].start) {
                let key = Self(document: document, index: at, path: path)
                if key.text.elementsEqual(wanted) {
                    found = Self(document: document, index: at + 1, path: "\(path).\(name)")
                }
                at = Int(document.nodes[at + 1].next)
            }
            return found.flatMap { $0.isNull ? nil : $0 }
        }
    }
}
