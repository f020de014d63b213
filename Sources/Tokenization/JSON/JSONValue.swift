/// A value in a JSON document, with its path.
struct JSONValue: Sendable {
    /// The document that contains the value.
    let document: JSONDocument
    /// The index of its node.
    let index: Int
    /// Its path, `$.model.vocab` for example.
    let path: String

    /// The value's kind.
    var kind: JSONDocument.Kind { document.nodes[index].kind }

    /// Whether the value is `null`.
    var isNull: Bool { kind == .null }

    /// The UTF-8 of a string; nil for other kinds.
    var utf8: ArraySlice<UInt8>? { kind == .string ? text : nil }

    private var text: ArraySlice<UInt8> {
        let node = document.nodes[index]
        return document.bytes[Int(node.start)..<Int(node.start) + Int(node.length)]
    }

    /// The string; nil for other kinds.
    var string: String? { utf8.map { String(decoding: $0, as: UTF8.self) } }

    /// The Boolean; nil for other kinds.
    var bool: Bool? { kind == .bool ? text.first == UInt8(ascii: "t") : nil }

    /// The number; nil for other kinds.
    var number: Double? { kind == .number ? Double(String(decoding: text, as: UTF8.self)) : nil }

    /// The number if it is whole; nil otherwise.
    var integer: Int? {
        guard kind == .number else { return nil }
        if let value = Int(String(decoding: text, as: UTF8.self)) { return value }
        return number.flatMap { Int(exactly: $0) }
    }

    /// The members of an object, in the order written; empty for anything else.
    var members: [(name: String, value: JSONValue)] {
        guard kind == .object else { return [] }
        var result: [(name: String, value: JSONValue)] = []
        var at = index + 1
        for _ in 0..<Int(document.nodes[index].start) {
            let name = JSONValue(document: document, index: at, path: path).string ?? ""
            result.append((name, JSONValue(document: document, index: at + 1, path: "\(path).\(name)")))
            at = Int(document.nodes[at + 1].next)
        }
        return result
    }

    /// The elements of an array; empty for anything else.
    var elements: [JSONValue] {
        guard kind == .array else { return [] }
        var at = index + 1
        return (0..<Int(document.nodes[index].start)).map { position in
            defer { at = Int(document.nodes[at].next) }
            return JSONValue(document: document, index: at, path: "\(path)[\(position)]")
        }
    }

    /// The last member with a name; nil if it is missing or `null`.
    subscript(_ name: String) -> JSONValue? {
        guard kind == .object else { return nil }
        let wanted = Array(name.utf8)
        var found: JSONValue?
        var at = index + 1
        for _ in 0..<Int(document.nodes[index].start) {
            let key = JSONValue(document: document, index: at, path: path)
            if key.text.elementsEqual(wanted) {
                found = JSONValue(document: document, index: at + 1, path: "\(path).\(name)")
            }
            at = Int(document.nodes[at + 1].next)
        }
        return found.flatMap { $0.isNull ? nil : $0 }
    }

    /// The value as JSON text on one line.
    var serialized: String {
        switch kind {
        case .null: "null"
        case .bool, .number: String(decoding: text, as: UTF8.self)
        case .string: JSONWriter.quoted(string ?? "")
        case .array: "[" + elements.map(\.serialized).joined(separator: ", ") + "]"
        case .object:
            "{"
                + members.map { "\(JSONWriter.quoted($0.name)): \($0.value.serialized)" }
                .joined(separator: ", ") + "}"
        }
    }

    /// An error about this value.
    func fault(_ reason: String, _ code: TokenizerError.Code = .corrupt) -> TokenizerError {
        TokenizerError(code, "\(path): \(reason)")
    }
}

// MARK: - Typed reading

extension JSONValue {
    /// Returns a required member.
    func required(_ name: String) throws(TokenizerError) -> JSONValue {
        guard let value = self[name] else { throw fault("the member '\(name)' is missing.") }
        return value
    }

    /// Returns the value, which must be a string.
    func asString() throws(TokenizerError) -> String {
        guard let string else { throw fault("expected a string, found \(kind).") }
        return string
    }

    /// Returns the UTF-8 of the value, which must be a string.
    func asUTF8() throws(TokenizerError) -> [UInt8] {
        guard let utf8 else { throw fault("expected a string, found \(kind).") }
        return Array(utf8)
    }

    /// Returns the value, which must be a token id.
    func asTokenID() throws(TokenizerError) -> Int32 {
        guard let integer, let id = Int32(exactly: integer), id >= 0, id <= Vocabulary.largestID else {
            throw fault("expected a token id between 0 and \(Vocabulary.largestID).")
        }
        return id
    }

    /// Returns the value, which must be a single character.
    func asScalar() throws(TokenizerError) -> UInt32 {
        let scalars = Array(try asString().unicodeScalars)
        guard scalars.count == 1 else { throw fault("expected a single character, found \(scalars.count).") }
        return scalars[0].value
    }

    /// Returns the value, which must be a count.
    func asCount() throws(TokenizerError) -> Int {
        guard let integer, integer >= 0 else { throw fault("expected a whole number of at least 0.") }
        return integer
    }

    /// Returns a Boolean member, or a default if it is missing.
    func flag(_ name: String, default value: Bool) throws(TokenizerError) -> Bool {
        guard let member = self[name] else { return value }
        guard let bool = member.bool else {
            throw member.fault("expected true or false, found \(member.kind).")
        }
        return bool
    }

    /// Returns a string member, or nil if it is missing.
    func optionalString(_ name: String) throws(TokenizerError) -> String? {
        guard let member = self[name] else { return nil }
        return try member.asString()
    }
}
