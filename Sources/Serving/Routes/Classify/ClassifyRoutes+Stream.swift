import HTTPTypes
import Hummingbird
import JSON
import NIOCore

// Results of a body of known length, a line each.
extension ClassifyRoutes {
    /// Answers with one line per item and model, in order, each as soon as it is computed.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - models: The models that answer.
    ///   - record: The request's record.
    /// - Returns: The answer, whose body is written while items are computed.
    /// - Throws: `.overloaded` and other refusals, before anything is written.
    func streamed(
        _ request: ClassifyRequest,
        _ models: [ServedModel],
        _ record: RequestRecord
    ) async throws(ServingFault) -> Response {
        let items = items(request.inputs, request.options)
        var opened: [AsyncStream<IndexedResult>] = []
        for model in models {
            guard !items.isEmpty else {
                opened.append(.empty)
                continue
            }
            opened.append(try await service.stream(items, with: model))
        }
        let streams = opened
        let admission = service.keepAdmitted()
        return Response(
            status: .ok,
            headers: [.contentType: LineMedia.type],
            body: ResponseBody { writer in
                defer { withExtendedLifetime(admission) {} }
                var results = streams.map { OrderedResults($0) }
                for (index, input) in request.inputs.enumerated() {
                    for (place, model) in models.enumerated() {
                        var result: ItemResult?
                        if case .success = input.content { result = await results[place].next() }
                        record.note(
                            model: model.name,
                            answers: [result].compactMap { $0 },
                            isBatch: request.inputs.count != 1
                        )
                        var first: [(String, JSONValue)] = [("index", .int(index))]
                        if request.isForSeveralModels { first.append(("model", .string(model.name))) }
                        let isRaw = request.options.isRaw
                        let answer = ClassifyResult(input, result, model: model, isRaw: isRaw)
                        try await writer.write(answer.line(request.options, first: first))
                    }
                }
                try await writer.finish(nil)
            }
        )
    }
}

extension ClassifyResult {
    /// The answer as a line.
    ///
    /// - Parameters:
    ///   - options: The number of scores, and whether logits are included.
    ///   - first: The members that come first, such as `index`.
    /// - Returns: The line with its line feed.
    func line(_ options: ClassifyOptions, first: [(String, JSONValue)]) -> ByteBuffer {
        ByteBuffer(string: json(options, first: first).compact + "\n")
    }
}
