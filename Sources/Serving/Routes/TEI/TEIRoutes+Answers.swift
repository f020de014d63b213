import Hummingbird
import JSON

// The answers of each route.
extension TEIRoutes {
    /// Answers `/info`.
    func info() -> Response {
        do throws(ServingFault) {
            let model = try service.model(nil)
            return .json(TEIInfo.json(model, service.limits, models: service.models().map(\.name)))
        } catch {
            return TEIError(error).response()
        }
    }

    /// Answers `/predict`.
    ///
    /// - Parameters:
    ///   - json: The body.
    ///   - record: Gets the request's items.
    /// - Returns: The scores of all labels.
    /// - Throws: `TEIError` or `ServingFault`.
    func predict(_ json: JSONValue, _ record: RequestRecord) async throws -> Response {
        let start = ContinuousClock.now
        let query = try TEIPredictRequest(json)
        // Refused batches are counted as batches, too.
        record.note(model: nil, answers: [], isBatch: query.inputs.isBatch)
        try query.requireFit(service.limits.maxClientBatchSize)
        let model = try service.model(nil)
        let items = query.items(autoTruncate: service.limits.autoTruncate)
        let results = try await service.classify(items, with: model)
        record.note(model: model.name, answers: results, isBatch: query.inputs.isBatch)
        let answers = try TEIError.answers(results, of: query.inputs.inputs)
        let scores = scores(answers, of: model, isRaw: query.wantsRawScores)
        let body = TEIAnswerWriter(labels: model.labels).body(scores, isBatch: query.inputs.isBatch)
        let metadata = TEIMetadata(
            answers,
            characters: query.inputs.characterCount,
            total: ContinuousClock.now - start
        )
        return .json(text: body, headers: metadata.fields)
    }

    /// Answers `/vertex`.
    ///
    /// - Parameters:
    ///   - json: The body.
    ///   - record: Gets the request's items.
    /// - Returns: An answer of `/predict` for each instance.
    /// - Throws: `TEIError` or `ServingFault`.
    func vertex(_ json: JSONValue, _ record: RequestRecord) async throws -> Response {
        let limits = service.limits
        let queries = try TEIVertexRequest(json).requests(limit: limits.maxClientBatchSize)
        let items = queries.flatMap { $0.items(autoTruncate: limits.autoTruncate) }
        try TEIPredictRequest.requireFit(items.count, limits.maxItems)
        let model = try service.model(nil)
        let results = try await items.isEmpty ? [] : service.classify(items, with: model)
        record.note(model: model.name, answers: results, isBatch: true)
        let answers = try TEIError.answers(results, of: items.map(\.input))
        let writer = TEIAnswerWriter(labels: model.labels)
        var body = Array("{\"predictions\":[".utf8)
        var next = 0
        for (index, query) in queries.enumerated() {
            let part = Array(answers[next..<next + query.inputs.inputs.count])
            next += part.count
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body += writer.body(
                scores(part, of: model, isRaw: query.wantsRawScores),
                isBatch: query.inputs.isBatch
            )
        }
        body += "]}".utf8
        return .json(text: body)
    }

    /// Answers `/tokenize`.
    ///
    /// - Parameter json: The body.
    /// - Returns: The tokens of each text.
    /// - Throws: `TEIError` or `ServingFault`.
    func tokenize(_ json: JSONValue) throws -> Response {
        let query = try TEITokenizeRequest(json)
        let model = try service.model(nil)
        try query.check(limit: service.limits.maxClientBatchSize, maxTokens: model.maxTokens)
        return .json(query.tokens(model.tokenizer))
    }

    /// Answers `/decode`.
    ///
    /// - Parameter json: The body.
    /// - Returns: The text of each list of ids.
    /// - Throws: `TEIError` or `ServingFault`.
    func decode(_ json: JSONValue) throws -> Response {
        let query = try TEIDecodeRequest(json)
        let model = try service.model(nil)
        try query.check(limit: service.limits.maxClientBatchSize)
        return .json(query.texts(model.tokenizer))
    }

    private func scores(_ answers: [ServedAnswer], of model: ServedModel, isRaw: Bool) -> [[Float]] {
        let activation: TEIActivation = isRaw ? .raw : usesTEIActivation ? .tei : .model
        return answers.map { activation.scores(of: model.prediction($0)) }
    }
}
