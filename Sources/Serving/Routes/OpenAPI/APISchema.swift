import JSON

/// JSON schemas, in the dialect of OpenAPI 3.1.
enum APISchema {
    /// Any value.
    static let anything = JSONValue.object([:])
    /// `true` or `false`.
    static let flag = JSONValue.object(["type": .string("boolean")])
    /// A number.
    static let number = JSONValue.object(["type": .string("number")])
    /// A string.
    static let text = JSONValue.object(["type": .string("string")])
    /// A string with at least one character.
    static let someText = JSONValue.object(["type": .string("string"), "minLength": .int(1)])
    /// A string that ``PathCheck`` accepts in a path: no control characters and backslashes, and no `.` and `..` between slashes.
    static let pathPart: JSONValue = {
        let other = #"\\\x00-\x1f\x7f"#
        let part = "([^./\(other)]|\\.[^./\(other)]|\\.\\.[^/\(other)])[^/\(other)]*"
        return .object([
            "type": .string("string"), "minLength": .int(1), "pattern": .string("^(\(part))?(/(\(part))?)*$"),
        ])
    }()
    /// Only `null`.
    static let null = JSONValue.object(["type": .string("null")])
    /// A whole number.
    static let integer = JSONValue.object(["type": .string("integer")])

    /// A whole number from a range.
    static func bounded(_ range: ClosedRange<Int>) -> JSONValue {
        .object([
            "type": .string("integer"), "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound),
        ])
    }

    /// One of several strings.
    static func word(_ words: [String]) -> JSONValue {
        .object(["type": .string("string"), "enum": .array(words.map(JSONValue.string))])
    }

    /// A list.
    ///
    /// - Parameters:
    ///   - items: The schema of its elements.
    ///   - least: The fewest elements.
    ///   - most: The most elements; nil for any number.
    /// - Returns: The schema.
    static func list(of items: JSONValue, least: Int = 0, most: Int? = nil) -> JSONValue {
        var schema = JSONObject([("type", .string("array")), ("items", items)])
        if least > 0 { schema["minItems"] = .int(least) }
        if let most { schema["maxItems"] = .int(most) }
        return .object(schema)
    }

    /// An object.
    ///
    /// - Parameters:
    ///   - members: Its members, in order.
    ///   - required: The names of the members that must be present.
    ///   - isClosed: Whether other members are refused.
    /// - Returns: The schema.
    static func object(
        _ members: [(String, JSONValue)],
        required: [String] = [],
        isClosed: Bool = false
    ) -> JSONValue {
        var schema = JSONObject([("type", .string("object")), ("properties", .object(JSONObject(members)))])
        if !required.isEmpty { schema["required"] = .array(required.map(JSONValue.string)) }
        if isClosed { schema["additionalProperties"] = .bool(false) }
        return .object(schema)
    }

    /// A value that fits at least one schema.
    static func any(of schemas: [JSONValue]) -> JSONValue {
        schemas.count == 1 ? schemas[0] : .object(["anyOf": .array(schemas)])
    }

    /// A value or `null`.
    ///
    /// - Parameter schema: The schema of the value.
    /// - Returns: The schema with its type as a list if it has a type and no list of words, else a choice.
    static func optional(_ schema: JSONValue) -> JSONValue {
        guard var object = schema.object, let type = object["type"].string, !object.contains("enum") else {
            return any(of: [schema, null])
        }
        object["type"] = .array([.string(type), .string("null")])
        return .object(object)
    }

    /// A shared schema.
    ///
    /// - Parameter name: Its name among the document's components.
    /// - Returns: The reference to it.
    static func named(_ name: String) -> JSONValue {
        .object(["$ref": .string("#/components/schemas/\(name)")])
    }

    /// A schema with a description.
    static func described(_ schema: JSONValue, _ description: String) -> JSONValue {
        guard var object = schema.object, object["$ref"].string == nil else { return schema }
        object["description"] = .string(description)
        return .object(object)
    }
}
