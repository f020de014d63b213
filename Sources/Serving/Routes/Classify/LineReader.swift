import Hummingbird
import JSON
import NIOCore

/// The lines that are computed together.
struct LineWindow: Sendable {
    /// The lines.
    let inputs: [ClassifyInput]
    /// The results of those lines that have an input.
    let results: AsyncStream<IndexedResult>
}

/// Reads a newline-delimited body and sends its lines to the service, never far ahead of the answers.
struct LineReader: Sendable {
    /// The routes, which have the service.
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
    ///   - record: The request's record, which learns the number of bytes.
    ///   - permits: One element for each window that may be opened.
    ///   - windows: Receives the windows, and is finished in every case.
    /// - Throws: The errors of reading; `CancellationError`.
    func run(
        _ body: RequestBody,
        _ record: RequestRecord,
        permits: AsyncStream<Void>,
        windows: AsyncStream<LineWindow>.Continuation
    ) async throws {
        defer { windows.finish() }
        var permission = permits.makeAsyncIterator()
        var splitter = LineSplitter(limit: routes.service.limits.payloadLimit)
        var count = 0
        var bytes = 0
        for try await chunk in body {
            bytes += chunk.readableBytes
            record.note(bytesIn: bytes)
            var lines = splitter.lines(adding: chunk.readableBytesView)[...]
            while !lines.isEmpty {
                guard await permission.next(isolation: #isolation) != nil else { throw CancellationError() }
                let inputs = inputs(lines.prefix(Self.windowSize), from: count)
                windows.yield(try await window(inputs))
                count += inputs.count
                lines = lines.dropFirst(Self.windowSize)
            }
        }
        if let last = splitter.finish() {
            guard await permission.next(isolation: #isolation) != nil else { throw CancellationError() }
            windows.yield(try await window(inputs([last], from: count)))
        }
    }

    /// The items of lines.
    ///
    /// - Parameters:
    ///   - lines: The lines.
    ///   - start: The index of the first one; blank lines have no index.
    /// - Returns: For each line, the item or the reason why there is none.
    func inputs(_ lines: some Collection<LineSplitter.Line>, from start: Int) -> [ClassifyInput] {
        lines.enumerated().map { place, line in
            guard case .whole(let bytes) = line else {
                let fault = ServingFault.bodyTooLarge(limit: routes.service.limits.payloadLimit)
                return ClassifyInput(ClassifyInput.Fault(fault))
            }
            do throws(ServingFault) {
                return ClassifyInput(text: try BodyFields.parse(bytes), path: "lines[\(start + place)]")
            } catch {
                return ClassifyInput(ClassifyInput.Fault(error))
            }
        }
    }

    /// Sends lines to the service; waits while it is overloaded, which also makes the client wait.
    private func window(_ inputs: [ClassifyInput]) async throws -> LineWindow {
        let items = routes.items(inputs, options)
        guard !items.isEmpty else { return LineWindow(inputs: inputs, results: .empty) }
        var attempt = 1
        while true {
            do throws(ServingFault) {
                return LineWindow(
                    inputs: inputs,
                    results: try await routes.service.stream(items, with: model)
                )
            } catch {
                guard case .overloaded = error, attempt < Self.attempts else {
                    return LineWindow(refusing: inputs, error)
                }
            }
            attempt += 1
            try await Task.sleep(for: Self.pause)
        }
    }
}

extension LineWindow {
    /// Lines that the service refused together.
    ///
    /// - Parameters:
    ///   - inputs: The lines.
    ///   - fault: The reason.
    init(refusing inputs: [ClassifyInput], _ fault: ServingFault) {
        let reason = ClassifyInput.Fault(fault)
        let refused = inputs.map { input in
            guard case .success = input.content else { return input }
            var input = input
            input.content = .failure(reason)
            return input
        }
        self.init(inputs: refused, results: .empty)
    }
}
