import HTTPTypes
public import Hummingbird
import Logging
import NIOCore
import Synchronization

/// Measures each request, and writes a line about it after the response's last byte.
///
/// It is the first middleware, so that it also sees missing routes, refused requests and thrown errors, which it turns into
/// responses. It accepts or makes `X-Request-Id`, and returns it.
public struct AccessLog<Context: ServingRequestContext>: RouterMiddleware {
    private let metrics: ServingMetrics
    private let format: LogFormat
    private let sink: (@Sendable (String) -> Void)?

    /// Creates the middleware.
    ///
    /// - Parameters:
    ///   - metrics: The metrics that count the requests.
    ///   - format: The form of a line.
    ///   - sink: Receives the lines, without line ends; nil writes none.
    public init(metrics: ServingMetrics, format: LogFormat = .json, sink: (@Sendable (String) -> Void)?) {
        self.metrics = metrics
        self.format = format
        self.sink = sink
    }

    /// Passes the request on, and measures it until the response's last byte.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - context: Its context.
    ///   - next: The next handler.
    /// - Returns: The response.
    /// - Throws: The errors of Hummingbird's own error responses.
    @concurrent
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let id = RequestID(
            header: request.headers[named: RequestID.header],
            traceParent: request.headers[.traceparent]
        )
        var context = context
        context.logger[metadataKey: "request_id"] = "\(id.id)"
        let measured = MeasuredRequest(
            id: id,
            method: request.method,
            record: context.record,
            metrics: metrics,
            write: { [format, sink] line in sink?(line.text(format)) }
        )
        var response: Response
        do {
            response = try await RequestRecord.$current.withValue(context.record) { [context] in
                try await next(request, context)
            }
        } catch {
            response = try ErrorReply.response(to: error, request: request, context: context)
        }
        response.headers[named: RequestID.header] = id.id
        measured.answered(response.status, route: context.endpointPath)
        // Hummingbird drops the body of a response to HEAD.
        let bytes = request.method == .head ? 0 : response.body.contentLength
        if let bytes, bytes <= Self.singleWriteBytes {
            // Hummingbird writes such a response at once, unless its body is a closure.
            measured.finish(bytesOut: bytes, isClientGone: false)
        } else {
            response.body = measured.watching(response.body)
        }
        return response
    }

    /// The bytes of a response that fits into a connection's buffer, so that its last byte is written with its first one.
    private static var singleWriteBytes: Int { 64 << 10 }
}

/// A request between its head and its response's last byte.
///
/// If its response is never written, because the client is gone, it ends when it is released.
private final class MeasuredRequest: Sendable {
    private struct State {
        var status: HTTPResponse.Status = .clientGone
        var route: String?
        var isFinished = false
    }

    private let id: RequestID
    private let method: HTTPRequest.Method
    private let record: RequestRecord
    private let metrics: ServingMetrics
    private let write: @Sendable (AccessLogLine) -> Void
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(
        id: RequestID,
        method: HTTPRequest.Method,
        record: RequestRecord,
        metrics: ServingMetrics,
        write: @escaping @Sendable (AccessLogLine) -> Void
    ) {
        self.id = id
        self.method = method
        self.record = record
        self.metrics = metrics
        self.write = write
        metrics.requestStarted()
    }

    deinit { finish(bytesOut: 0, isClientGone: true) }

    func answered(_ status: HTTPResponse.Status, route: String?) {
        state.withLock {
            $0.status = status
            $0.route = route == "NotFound" ? nil : route
        }
    }

    /// A body that ends the measurement after its last byte.
    func watching(_ body: ResponseBody) -> ResponseBody {
        let known = body.contentLength
        let counter = ByteCounter()
        return ResponseBody(contentLength: known) { writer in
            do {
                if known == nil {
                    try await body.write(
                        writer.map { buffer in
                            counter.add(buffer.readableBytes)
                            return buffer
                        }
                    )
                } else {
                    try await body.write(writer)
                }
            } catch {
                self.finish(bytesOut: counter.total, isClientGone: true)
                throw error
            }
            self.finish(bytesOut: known ?? counter.total, isClientGone: false)
        }
    }

    /// Counts and logs the request, once.
    func finish(bytesOut: Int, isClientGone: Bool) {
        let state: State? = self.state.withLock { state in
            defer { state.isFinished = true }
            return state.isFinished ? nil : state
        }
        guard let state else { return }
        let duration = ContinuousClock.now - start
        let isGone = isClientGone || record.facts.isClientGone
        if isGone, record.facts.isBatch != nil { record.note(failure: .dropped) }
        metrics.requestFinished(
            route: state.route ?? AccessLogLine.unmatchedRoute,
            method: method.rawValue,
            status: state.status.code,
            seconds: duration.seconds,
            record: record
        )
        write(
            AccessLogLine(
                id: id,
                method: method.rawValue,
                route: state.route ?? AccessLogLine.unmatchedRoute,
                status: state.status.code,
                duration: duration,
                bytesOut: bytesOut,
                isClientGone: isGone,
                facts: record.facts
            )
        )
    }
}

/// Counts the bytes of a body of unknown length.
private final class ByteCounter: Sendable {
    private let count = Atomic(0)

    var total: Int { count.load(ordering: .relaxed) }

    func add(_ bytes: Int) { count.wrappingAdd(bytes, ordering: .relaxed) }
}
