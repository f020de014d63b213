extension JSONValue {
    /// Parses a JSON document and keeps every number's digits, which Foundation's decoder does not.
    ///
    /// - Parameter bytes: The document, in UTF-8. Python's `NaN` and `Infinity` are rejected.
    /// - Returns: The document.
    /// - Throws: The error and its position; also for nesting deeper than 256.
    public static func parse(_ bytes: some Collection<UInt8>) throws(JSONError) -> JSONValue {
        try parse(bytes, allowingNonFinite: false)
    }

    /// Parses a JSON document, optionally reading Python's `NaN`, `Infinity` and `-Infinity` as null.
    package static func parse(
        _ bytes: some Collection<UInt8>,
        allowingNonFinite: Bool
    ) throws(JSONError) -> JSONValue {
        var dialect = JSONDocument.Dialect.standard
        dialect.allowsNonFinite = allowingNonFinite
        do throws(JSONFault) {
            let document = try JSONDocument(parsing: Array(bytes), dialect)
            return document.bytes.withUnsafeBufferPointer { bytes in
                var builder = TreeBuilder(nodes: document.nodes, bytes: bytes)
                return builder.value()
            }
        } catch {
            throw JSONError(error)
        }
    }
}

/// Turns a document's nodes, which are in order, into a tree.
private struct TreeBuilder {
    let nodes: [JSONDocument.Node]
    let bytes: UnsafeBufferPointer<UInt8>
    var index = 0

    mutating func value() -> JSONValue {
        let node = nodes[index]
        switch node.kind {
        case .null:
            index += 1
            return .null
        case .bool:
            index += 1
            return .bool(bytes[Int(node.start)] == UInt8(ascii: "t"))
        case .number: return .number(text())
        case .string: return .string(text())
        case .array:
            index += 1
            var values: [JSONValue] = []
            values.reserveCapacity(Int(node.start))
            for _ in 0..<node.start { values.append(value()) }
            return .array(values)
        case .object:
            index += 1
            var members: [JSONObject.Member] = []
            members.reserveCapacity(Int(node.start))
            for _ in 0..<node.start {
                let name = text()
                members.append(JSONObject.Member(name: name, value: value()))
            }
            return .object(JSONObject(members: members))
        }
    }

    private mutating func text() -> String {
        let node = nodes[index]
        index += 1
        let range = Int(node.start)..<Int(node.start) + Int(node.length)
        return String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }
}
