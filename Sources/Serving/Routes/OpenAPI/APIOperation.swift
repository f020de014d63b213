import JSON

/// A method of a path in the OpenAPI document.
struct APIOperation: Sendable {
    /// A successful answer.
    struct Answer: Sendable {
        /// The status.
        var status = 200
        /// The meaning.
        var description: String
        /// The media types and their schemas; empty for an empty body.
        var content: [(String, JSONValue)]
    }

    /// The path, with parameters in braces.
    var path: String
    /// The method in lower case.
    var method: String
    /// The family, which determines the error bodies.
    var family: APIFamily
    /// Families that determine the error bodies of some requests.
    var otherFamilies: [APIFamily] = []
    /// The name of the section.
    var tag: String
    /// The purpose in a few words.
    var summary: String
    /// The details, one paragraph.
    var details = ""
    /// The media types of the body and their schemas; empty for none.
    var body: [(String, JSONValue)] = []
    /// A body in JSON that is answered; nil for none.
    var example: String?
    /// The successful answers.
    var answers: [Answer]
    /// Further statuses of refused requests.
    var furtherFailures: [Int] = []
    /// Whether it needs a key, if the server has keys.
    var needsKey = true

    /// The names of the path's parameters.
    private var parameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    /// The operation in the document.
    var json: JSONValue {
        var object = JSONObject([
            ("operationId", .string(identification)), ("tags", .array([.string(tag)])),
            ("summary", .string(summary)),
        ])
        if !details.isEmpty { object["description"] = .string(details) }
        if !parameters.isEmpty { object["parameters"] = .array(parameters.map(Self.parameter)) }
        if !body.isEmpty {
            object["requestBody"] = .object([
                "required": .bool(true), "content": Self.content(body, example: exampleBody),
            ])
        }
        object["responses"] = .object(JSONObject(responses))
        object["security"] = .array(
            needsKey ? [.object([:]), .object(["key": .array([])])] : []
        )
        return .object(object)
    }

    private var identification: String {
        let words = path.split { !$0.isLetter && !$0.isNumber }
        return ([method] + words.map(String.init)).joined(separator: "_")
    }

    private static func parameter(_ name: String) -> JSONValue {
        let what = name == "version" ? "The only version is 1." : "The name of a loaded model."
        return .object([
            "name": .string(name), "in": .string("path"), "required": .bool(true),
            "description": .string(what), "schema": APISchema.pathPart,
        ])
    }

    /// The example as JSON; null for none.
    var exampleBody: JSONValue {
        guard let example, let json = try? JSONValue.parse(Array(example.utf8)) else { return .null }
        return json
    }

    private static func content(_ types: [(String, JSONValue)], example: JSONValue = .null) -> JSONValue {
        var content = JSONObject()
        for (type, schema) in types {
            var object = JSONObject([("schema", schema)])
            if type == "application/json" { object["example"] = example }
            content[type] = .object(object)
        }
        return .object(content)
    }

    private var responses: [(String, JSONValue)] {
        var failures = family.statuses(hasBody: !body.isEmpty) + furtherFailures
        failures.removeAll { status in answers.contains { $0.status == status } }
        var responses = answers.map { answer in
            var object = JSONObject([("description", .string(answer.description))])
            if !answer.content.isEmpty { object["content"] = Self.content(answer.content) }
            return (answer.status, JSONValue.object(object))
        }
        if needsKey {
            responses.append(
                (401, .object(["description": .string("The key is missing or wrong; no body.")]))
            )
        }
        responses += Set(failures).map { ($0, family.failure($0, others: otherFamilies)) }
        return responses.sorted { $0.0 < $1.0 }.map { (String($0.0), $0.1) }
    }
}

extension APIOperation.Answer {
    /// An answer in JSON.
    ///
    /// - Parameters:
    ///   - schema: The schema of the body.
    ///   - description: The meaning.
    ///   - status: The status.
    /// - Returns: The answer.
    static func json(_ schema: JSONValue, _ description: String, status: Int = 200) -> Self {
        Self(status: status, description: description, content: [("application/json", schema)])
    }
}
