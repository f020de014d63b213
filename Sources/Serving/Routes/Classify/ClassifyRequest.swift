import JSON

/// The body of `POST /v1/classify`.
struct ClassifyRequest: Sendable, Equatable {
    /// The names of the models that answer; empty for the default model.
    var models: [String]
    /// Whether the names were given as a list, so that the answer has a list of models, too.
    var isForSeveralModels: Bool
    /// The items.
    var inputs: [ClassifyInput]
    /// The options.
    var options: ClassifyOptions
    /// Whether results are written one by one, a line each.
    var streams: Bool

    private static let sources = ["text", "texts", "pairs"]
    /// The names of all accepted members.
    static let names = ["model", "models"] + sources + ClassifyOptions.names + ["stream"]
    /// The most models of a request.
    private static let mostModels = 64

    /// Reads a body.
    ///
    /// An unknown member is refused, because a misspelled option would have no effect otherwise.
    ///
    /// - Parameters:
    ///   - json: The body.
    ///   - maxItems: The most items of a request.
    /// - Throws: `.wrongShape` or `.tooManyItems`. A faulty item is not an error of the request.
    init(_ json: JSONValue, maxItems: Int = .max) throws(ServingFault) {
        let fields = try BodyFields(json, known: Self.names)
        options = try ClassifyOptions(fields)
        streams = try fields.flag("stream") ?? false
        (models, isForSeveralModels) = try Self.models(fields)
        let given = Self.sources.filter(fields.has)
        guard given.count == 1 else {
            throw .wrongShape(
                path: given.isEmpty ? "the body" : given.joined(separator: ", "),
                expected: "exactly one of text, texts and pairs"
            )
        }
        guard given[0] != "text" else {
            inputs = [ClassifyInput(.text(try fields.text("text") ?? ""))]
            return
        }
        guard let values = fields[given[0]].array else { throw fields.fault(given[0], "a list") }
        guard values.count <= maxItems else { throw .tooManyItems(count: values.count, limit: maxItems) }
        let arePairs = given[0] == "pairs"
        inputs = values.enumerated().map { index, value in
            let path = "\(given[0])[\(index)]"
            return arePairs ? ClassifyInput(pair: value, path: path) : ClassifyInput(text: value, path: path)
        }
    }

    private static func models(_ fields: BodyFields) throws(ServingFault) -> ([String], Bool) {
        guard fields.has("models") else { return (try fields.text("model").map { [$0] } ?? [], false) }
        guard !fields.has("model") else { throw fields.fault("model", "absent if models is given") }
        let names = fields["models"].array?.compactMap(\.string) ?? []
        let isList = names.count == fields["models"].array?.count
        guard isList, (1...mostModels).contains(names.count), Set(names).count == names.count else {
            throw fields.fault("models", "a list of 1 to \(mostModels) different names")
        }
        return (names, true)
    }
}
