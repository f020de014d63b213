import Hummingbird
import JSON
import NIOCore

/// The lines that are computed together.
struct LineWindow: Sendable {
    /// The lines.
    let inputs: [ClassifyInput]
    /// The results of those lines that have an input; nil if there is none, or if the service refused them.
    let results: AsyncStream<(index: Int, result: ItemResult)>?
    /// The reason why the service refused them.
    let fault: ClassifyInput.Fault?
}

/// Reads a newline-delimited body and sends its lines to the service, never far ahead of the answers.
struct LineReader: Sendable {
    /// The classifiers.
    let routes: ClassifyRoutes
    /// The model that answers.
    let model: ServedModel
    /// The options of all lines.
    let options: ClassifyOptions

    /// The most lines of a window.
    static let windowSize = 256
    /// The number of windows that may wait for their answers.
    static let openWindows = 8
    /// The pause after the service refused a window because of its load.
    private static let pause = Duration.milliseconds(250)
    /// The number of attempts with a window.
    private static let attempts = 240

    /// Reads the body to its end.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - permits: One element for each window that may be opened.
    ///   - windows: Receives the windows, and is finished in every case.
    /// - Throws: The errors of reading; `CancellationError`.
    func run(
        _ body: RequestBody,
        permits: AsyncStream<Void>,
        windows: AsyncStream<LineWindow>.Continuation
    ) async throws {
        defer { windows.finish() }
        var permits = permits.makeAsyncIterator()
        var splitter = LineSplitter(limit: routes.service.limits.payloadLimit)
        var count = 0
        func send(_ lines: some Collection<LineSplitter.Line>) async throws {
            let inputs = lines.enumerated().map { input($1, index: count + $0) }
            count += inputs.count
            guard await permits.next() != nil else { throw CancellationError() }
            windows.yield(try await window(inputs))
        }
        for try await chunk in body {
            var lines = splitter.lines(adding: chunk.readableBytesView)[...]
            while !lines.isEmpty {
                try await send(lines.prefix(Self.windowSize))
                lines = lines.dropFirst(Self.windowSize)
            }
        }
        if let last = splitter.finish() { try await send([last]) }
    }

    /// The item of a line.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - index: Its index, without blank lines.
    /// - Returns: The item, or the reason why there is none.
    func input(_ line: LineSplitter.Line, index: Int) -> ClassifyInput {
        guard case .whole(let bytes) = line else {
            return ClassifyInput(.init(.bodyTooLarge(limit: routes.service.limits.payloadLimit)))
        }
        do throws(ServingFault) {
            return ClassifyInput(text: try BodyFields.parse(bytes), path: "lines[\(index)]")
        } catch {
            return ClassifyInput(.init(error))
        }
    }

    /// Sends lines to the service; waits while it is overloaded, which also makes the client wait.
    private func window(_ inputs: [ClassifyInput]) async throws -> LineWindow {
        let items = routes.items(inputs, options)
        guard !items.isEmpty else { return LineWindow(inputs: inputs, results: nil, fault: nil) }
        for attempt in 1... {
            do throws(ServingFault) {
                let results = try routes.service.stream(items, with: model)
                return LineWindow(inputs: inputs, results: results, fault: nil)
            } catch {
                guard case .overloaded = error, attempt < Self.attempts else {
                    return LineWindow(inputs: inputs, results: nil, fault: .init(error))
                }
            }
            try await Task.sleep(for: Self.pause)
        }
    }
}
