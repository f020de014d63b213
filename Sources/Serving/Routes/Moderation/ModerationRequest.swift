import JSON

/// The body of `POST /v1/moderations`.
///
/// Unknown members are ignored, as OpenAI does.
struct ModerationRequest: Sendable, Equatable {
    /// The name of the model; nil for the default one.
    var model: String?
    /// The texts.
    var texts: [String]

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - json: The body.
    ///   - maxItems: The most texts.
    /// - Throws: `.wrongShape` or `.tooManyItems`.
    init(_ json: JSONValue, maxItems: Int = .max) throws(ServingFault) {
        let fields = try BodyFields(json)
        model = try fields.text("model")
        let input = fields["input"]
        if let text = input.string {
            texts = [text]
            return
        }
        guard let values = input.array, !values.isEmpty else {
            throw fields.fault("input", "a string or a list of strings")
        }
        guard values.count <= maxItems else { throw .tooManyItems(count: values.count, limit: maxItems) }
        texts = []
        for (index, value) in values.enumerated() {
            let path = "input[\(index)]"
            if let text = value.string {
                texts.append(text)
            } else if values.count == 1, value["type"].string == "text", let text = value["text"].string {
                // OpenAI's list of parts is one input.
                texts.append(text)
            } else if value.object != nil {
                throw .wrongShape(path: path, expected: "the only part, of type text, or a string")
            } else {
                throw .wrongShape(path: path, expected: "a string")
            }
        }
    }
}
