import JSON

/// Checks JSON against the schemas of an OpenAPI document, as far as the document uses JSON Schema.
struct OpenAPISchemaCheck {
    /// The shared schemas.
    private let shared: JSONValue

    /// Creates a check.
    ///
    /// - Parameter document: The OpenAPI document.
    init(_ document: JSONValue) { shared = document["components"]["schemas"] }

    /// The first fault of a value.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - schema: Its schema.
    ///   - path: Its path, for messages.
    /// - Returns: The fault; nil if the value fits.
    func fault(_ value: JSONValue, _ schema: JSONValue, path: String = "$") -> String? {
        if let name = schema["$ref"].string?.split(separator: "/").last {
            guard shared.object?.contains(String(name)) == true else { return "\(path): no schema \(name)" }
            return fault(value, shared[String(name)], path: path)
        }
        if let choices = schema["anyOf"].array {
            let faults = choices.map { fault(value, $0, path: path) }
            return faults.contains { $0 == nil } ? nil : faults.compactMap { $0 }.joined(separator: "; or ")
        }
        if schema.object?.contains("const") == true, value != schema["const"] {
            return "\(path): not the constant"
        }
        if let words = schema["enum"].array, !words.contains(value) { return "\(path): not in the list" }
        let types = schema["type"].string.map { [$0] } ?? schema["type"].array?.compactMap(\.string) ?? []
        guard types.isEmpty || types.contains(where: { has(value, $0) }) else {
            return "\(path): \(value.kind) instead of \(types.joined(separator: " or "))"
        }
        return boundsFault(value, schema, path) ?? memberFault(value, schema, path)
    }

    private func has(_ value: JSONValue, _ type: String) -> Bool {
        switch value {
        case .null: type == "null"
        case .bool: type == "boolean"
        case .number: type == "number" || type == "integer" && value.int != nil
        case .string: type == "string"
        case .array: type == "array"
        case .object: type == "object"
        }
    }

    private func boundsFault(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> String? {
        if let number = value.double {
            if let least = schema["minimum"].double, number < least { return "\(path): under \(least)" }
            if let most = schema["maximum"].double, number > most { return "\(path): over \(most)" }
        }
        if let text = value.string, let least = schema["minLength"].int, text.count < least {
            return "\(path): too short"
        }
        if let count = value.array?.count {
            if count < schema["minItems"].int ?? 0 { return "\(path): too few elements" }
            if count > schema["maxItems"].int ?? .max { return "\(path): too many elements" }
        }
        return nil
    }

    private func memberFault(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> String? {
        for (index, element) in (value.array ?? []).enumerated() where schema["items"] != .null {
            if let fault = fault(element, schema["items"], path: "\(path)[\(index)]") { return fault }
        }
        guard let object = value.object else { return nil }
        for name in schema["required"].array?.compactMap(\.string) ?? [] where !object.contains(name) {
            return "\(path): without \(name)"
        }
        for member in object.members {
            let known = schema["properties"].object?.contains(member.name) == true
            let rest = schema["additionalProperties"]
            if !known, rest == .bool(false) { return "\(path): unknown member \(member.name)" }
            let own = known ? schema["properties"][member.name] : rest
            guard own.object != nil else { continue }
            if let fault = fault(member.value, own, path: "\(path).\(member.name)") { return fault }
        }
        return nil
    }
}
