import JSON

/// The body of `POST /v1/models`.
struct ModelRequest: Sendable, Equatable {
    /// The model to load.
    var load: LoadRequest

    /// The names of all accepted members.
    static let names = ["source", "name", "base"]

    /// Reads a body.
    ///
    /// - Parameter json: The body.
    /// - Throws: `.wrongShape` naming the member.
    init(_ json: JSONValue) throws(ServingFault) {
        let fields = try BodyFields(json, known: Self.names)
        let expected = "a folder, a .gguf or .attune file or a Hub id"
        guard let source = try fields.text("source"), !source.isEmpty else {
            throw fields.fault("source", expected)
        }
        let name = try fields.text("name")
        if let name, name.isEmpty { throw fields.fault("name", "a name that is not empty") }
        load = LoadRequest(name: name, source: source, base: try fields.text("base"))
    }
}
