import JSON

/// The query of a request whose body is newline-delimited, which has no place for options.
struct LineQuery: Sendable, Equatable {
    /// The name of the model; nil for the default one.
    var model: String?
    /// The options.
    var options: ClassifyOptions

    /// Reads a query.
    ///
    /// - Parameter members: The names and values, decoded.
    /// - Throws: `.wrongShape` naming an unknown member or a wrong value.
    init(_ members: [(name: String, value: String)]) throws(ServingFault) {
        let values = members.map { ($0.name, Self.value($0.name, $0.value)) }
        let known = ["model"] + ClassifyOptions.names
        let fields = try BodyFields(.object(JSONObject(values)), path: "the query's fields", known: known)
        model = try fields.text("model")
        options = try ClassifyOptions(fields)
    }

    /// A value as a body would have it.
    private static func value(_ name: String, _ text: String) -> JSONValue {
        switch name {
        case "model", "long_text": .string(text)
        default:
            switch text {
            case "true": .bool(true)
            case "false": .bool(false)
            default: Int(text).map(JSONValue.int) ?? .string(text)
            }
        }
    }
}
