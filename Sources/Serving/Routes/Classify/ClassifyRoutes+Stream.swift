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
    ) throws(ServingFault) -> Response {
        let items = items(request.inputs, request.options)
        var streams: [AsyncStream<(index: Int, result: ItemResult)>] = []
        for model in models {
            streams.append(items.isEmpty ? AsyncStream { $0.finish() } : try service.stream(items, with: model))
        }
        return Response(
            status: .ok,
            headers: [.contentType: LineMedia.type],
            body: ResponseBody { [streams] writer in
                var iterators = streams.map { $0.makeAsyncIterator() }
                var answers = [[ItemResult]](repeating: [], count: models.count)
                for (index, input) in request.inputs.enumerated() {
                    for (place, model) in models.enumerated() {
                        var result: ItemResult?
                        if case .success = input.content { result = await iterators[place].next()?.result }
                        if let result { answers[place].append(result) }
                        var first: [(String, JSONValue)] = [("index", .int(index))]
                        if request.isForSeveralModels { first.append(("model", .string(model.name))) }
                        let answer = ClassifyResult(
                            input,
                            result,
                            model: model,
                            isRaw: request.options.isRaw
                        )
                        let line = answer.json(request.options, first: first).compact + "\n"
                        try await writer.write(ByteBuffer(string: line))
                    }
                }
                for (model, answers) in zip(models, answers) {
                    record.note(model: model.name, answers: answers, isBatch: request.inputs.count != 1)
                }
                try await writer.finish(nil)
            }
        )
    }
}
