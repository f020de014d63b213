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
    /// - Throws: `.wrongShape` for the query; `.unknownModel`, `.loading` and others if there is no model.
    func classifyLines(_ request: Request, _ record: RequestRecord) throws(ServingFault) -> Response {
        let query = try LineQuery(
            request.uri.queryParameters.map { (name: String($0.key), value: String($0.value)) }
        )
        let model = try service.model(query.model)
        let reader = LineReader(routes: self, model: model, options: query.options)
        let lines = request.body
        return Response(
            status: .ok,
            headers: [.contentType: LineMedia.type],
            body: ResponseBody { writer in
                let (permits, permission) = AsyncStream<Void>.makeStream()
                let (windows, opening) = AsyncStream<LineWindow>.makeStream()
                for _ in 0..<LineReader.openWindows { permission.yield() }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await reader.run(lines, permits: permits, windows: opening) }
                    var index = 0
                    for await window in windows {
                        var results = OrderedResults(window.results)
                        var answers: [ItemResult] = []
                        for input in window.inputs {
                            var result: ItemResult?
                            if case .success = input.content { result = await results.next() }
                            if let result { answers.append(result) }
                            let isRaw = query.options.isRaw
                            let answer = ClassifyResult(input, result, model: model, isRaw: isRaw)
                            try await writer.write(answer.line(query.options, first: [("index", .int(index))]))
                            index += 1
                        }
                        record.note(model: model.name, answers: answers, isBatch: true)
                        permission.yield()
                    }
                    try await group.waitForAll()
                }
                try await writer.finish(nil)
            }
        )
    }
}
