import HTTPTypes
import Hummingbird
import JSON
import NIOCore

// Items of a newline-delimited body, of any number.
extension ClassifyRoutes {
    /// Answers each line of the body with a line, in order, while the body is still being read.
    ///
    /// A line is a string, or an object with `text`, and with `text_pair` and `id` if wanted. Options are in the query. A
    /// faulty line gets an error line. A client must read answers while it sends lines, because the server stops reading if
    /// too many answers wait.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - record: The request's record.
    /// - Returns: The answer, whose body is written while the request's body is read.
    /// - Throws: `.wrongShape` for the query; `.overloaded`; `.unknownModel`, `.loading` and others if there is no model.
    func classifyLines(_ request: Request, _ record: RequestRecord) async throws -> Response {
        let query = try LineQuery(
            request.uri.queryParameters.map { (name: String($0.key), value: String($0.value)) }
        )
        let (model, options) = (try service.model(query.model), query.options)
        // Refuses the request while there is still a status to choose.
        let admission = try service.admit()
        let reader = LineReader(routes: self, model: model, options: options)
        let lines = request.body
        return Response(
            status: .ok,
            headers: [.contentType: LineMedia.type],
            body: ResponseBody { writer in
                defer { withExtendedLifetime(admission) {} }
                let (permits, permission) = AsyncStream<Void>.makeStream()
                let (windows, opening) = AsyncStream<LineWindow>.makeStream()
                for _ in 0..<LineReader.openWindows { permission.yield() }
                let reading = Task {
                    try await reader.run(lines, record, permits: permits, windows: opening)
                }
                defer { reading.cancel() }
                var index = 0
                for await window in windows {
                    var results = OrderedResults(window.results)
                    var answers: [ItemResult] = []
                    for input in window.inputs {
                        var result: ItemResult?
                        if case .success = input.content { result = await results.next() }
                        if let result { answers.append(result) }
                        let answer = ClassifyResult(input, result, model: model, isRaw: options.isRaw)
                        try await writer.write(answer.line(options, first: [("index", .int(index))]))
                        index += 1
                    }
                    record.note(model: model.name, answers: answers, isBatch: true)
                    permission.yield()
                }
                // A cancelled task ends the loop before the windows end.
                if Task.isCancelled { reading.cancel() }
                try await reading.value
                try await writer.finish(nil)
            }
        )
    }
}
