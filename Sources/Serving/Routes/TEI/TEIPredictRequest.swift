import JSON
import Tokenization

/// A request to `/predict`.
///
/// Source: `PredictRequest` of text-embeddings-inference 1.9.3 (router/src/http/types.rs:214).
struct TEIPredictRequest: Sendable, Equatable {
    /// The texts and pairs.
    var inputs: TEIInputs
    /// Whether longer texts are cut; nil for the server's choice.
    var truncates: Bool?
    /// The end that is cut; nil for the model's own choice.
    var side: Truncation.Side?
    /// Whether scores are logits.
    var wantsRawScores: Bool

    /// The accepted values of `truncation_direction`.
    private static let sides: [(String, Truncation.Side)] = [
        ("Left", .left), ("Right", .right), ("left", .left), ("right", .right),
    ]

    /// Reads a body.
    ///
    /// - Parameter json: The body.
    /// - Throws: `.wrongShape` with the place of the first fault.
    init(_ json: JSONValue) throws(ServingFault) {
        let fields = try TEIFields(json)
        inputs = try TEIInputs(try fields.required("inputs", TEIInputs.expected))
        truncates = try fields.optionalBool("truncate")
        side = try fields.word("truncation_direction", Self.sides)
        wantsRawScores = try fields.bool("raw_scores", missing: false)
    }

    /// The items to classify.
    ///
    /// - Parameter autoTruncate: Whether longer texts are cut unless the request says otherwise.
    /// - Returns: One item per input.
    func items(autoTruncate: Bool) -> [ServedItem] {
        inputs.inputs.map { input in
            var item = ServedItem(input)
            item.truncates = truncates ?? autoTruncate
            item.refusesEmpty = true
            item.side = side
            return item
        }
    }

    /// Refuses a batch that is too large.
    ///
    /// - Parameter limit: The most inputs of a batch.
    /// - Throws: `.tooManyItems`.
    func requireFit(_ limit: Int) throws(ServingFault) {
        guard inputs.isBatch else { return }
        try Self.requireFit(inputs.inputs.count, limit)
    }

    /// Refuses a batch that is too large.
    ///
    /// - Parameters:
    ///   - count: The number of inputs.
    ///   - limit: The most inputs of a batch.
    /// - Throws: `.tooManyItems`.
    static func requireFit(_ count: Int, _ limit: Int) throws(ServingFault) {
        guard count <= limit else { throw .tooManyItems(count: count, limit: limit) }
    }
}

/// A request to `/vertex`: several requests to `/predict`.
///
/// Source: `vertex_compatibility` of text-embeddings-inference 1.9.3 (router/src/http/server.rs:1534).
struct TEIVertexRequest: Sendable, Equatable {
    /// The requests.
    var instances: [JSONValue]

    /// Reads a body.
    ///
    /// - Parameter json: The body.
    /// - Throws: `.wrongShape`.
    init(_ json: JSONValue) throws(ServingFault) {
        let value = try TEIFields(json).required("instances", "a list of requests")
        guard let instances = value.array else {
            throw .wrongShape(path: "instances", expected: "a list of requests")
        }
        self.instances = instances
    }

    /// The requests to `/predict`.
    ///
    /// - Parameter limit: The most inputs of a batch.
    /// - Returns: One request per instance.
    /// - Throws: The first instance's error. A fault of an instance has a JSON body, unlike one of the whole request.
    func requests(limit: Int) throws(TEIError) -> [TEIPredictRequest] {
        var requests: [TEIPredictRequest] = []
        for (index, instance) in instances.enumerated() {
            if Self.isRerank(instance) { throw .otherModelType(TEIError.noReranker) }
            do throws(ServingFault) {
                let request = try TEIPredictRequest(instance)
                try request.requireFit(limit)
                requests.append(request)
            } catch {
                guard case .wrongShape(let path, let expected) = error else { throw TEIError(error) }
                throw TEIError(
                    .validation,
                    "instances[\(index)].\(path): expected \(expected)",
                    failure: .validation
                )
            }
        }
        return requests
    }

    /// Whether an instance is a request to `/rerank`.
    private static func isRerank(_ instance: JSONValue) -> Bool {
        guard instance["query"].string != nil, let texts = instance["texts"].array else { return false }
        return texts.allSatisfy { $0.string != nil }
    }
}
