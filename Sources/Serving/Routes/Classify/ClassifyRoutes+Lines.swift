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
        let model = try service.model(query.model)
        // Refuses the request while there is still a status to choose.
        try await service.admitting {}
        let reader = LineReader(routes: self, model: model, options: query.options)
        let lines = request.body
        return Response(
            status: .ok,
            headers: [.contentType: LineMedia.type],
            body: ResponseBody { writer in
                try await service.admitting { try await reader.answer(lines, record, &writer) }
                try await writer.finish(nil)
            }
        )
    }
}

extension LineReader {
    /// Reads the body and writes an answer for each line.
    ///
    /// - Parameters:
    ///   - lines: The body.
    ///   - record: The request's record.
    ///   - writer: Receives the answers.
    /// - Throws: The errors of reading and writing.
    fileprivate func answer(
        _ lines: RequestBody,
        _ record: RequestRecord,
        _ writer: inout any ResponseBodyWriter
    ) async throws {
        let (permits, permission) = AsyncStream<Void>.makeStream()
        let (windows, opening) = AsyncStream<LineWindow>.makeStream()
        for _ in 0..<Self.openWindows { permission.yield() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await run(lines, permits: permits, windows: opening) }
            var index = 0
            for await window in windows {
                let answers = try await write(window, from: index, &writer)
                record.note(model: model.name, answers: answers, isBatch: true)
                index += window.inputs.count
                permission.yield()
            }
            try await group.waitForAll()
        }
    }

    /// Writes the answers of a window.
    ///
    /// - Parameters:
    ///   - window: The window.
    ///   - start: The index of its first line.
    ///   - writer: Receives the answers.
    /// - Returns: The service's results.
    /// - Throws: The errors of writing.
    private func write(
        _ window: LineWindow,
        from start: Int,
        _ writer: inout any ResponseBodyWriter
    ) async throws -> [ItemResult] {
        var results = OrderedResults(window.results)
        var answers: [ItemResult] = []
        for (place, input) in window.inputs.enumerated() {
            var result: ItemResult?
            if case .success = input.content { result = await results.next() }
            if let result { answers.append(result) }
            let answer = ClassifyResult(input, result, model: model, isRaw: options.isRaw)
            try await writer.write(answer.line(options, first: [("index", .int(start + place))]))
        }
        return answers
    }
}
