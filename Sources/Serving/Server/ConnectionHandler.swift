import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Keeps clients that do not keep to the rules from holding connections, and answers `Expect: 100-continue`.
///
/// - A client that waits for permission to send its body gets it, unless the body is too large: then it gets the error instead.
/// - After an error that was sent before the request's end, the connection is closed, so that the rest of a large or slow body is
///   not read. For a moment what still arrives is dropped: closing at once could destroy the answer on its way.
/// - A connection whose client does not read its answer is closed.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let payloadLimit: Int
    private let stalledTime: TimeAmount
    private let lingerTime: TimeAmount
    /// Whether the current request's end has not arrived.
    private var isReading = false
    /// Whether the connection ends after the current answer.
    private var isLast = false
    /// Whether the last answer has been sent, and input is dropped.
    private var isEnding = false
    private var stalled: Scheduled<Void>?
    private var lingering: Scheduled<Void>?

    /// Creates the handler of one connection.
    ///
    /// - Parameters:
    ///   - payloadLimit: The most bytes of a body.
    ///   - stalledTime: The longest time in which a client reads nothing of its answer.
    ///   - lingerTime: The time between the last answer's end and closing.
    init(payloadLimit: Int, stalledTime: TimeAmount, lingerTime: TimeAmount = .seconds(2)) {
        (self.payloadLimit, self.stalledTime, self.lingerTime) = (payloadLimit, stalledTime, lingerTime)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isEnding else { return }
        switch unwrapInboundIn(data) {
        case .head(let request):
            isReading = true
            if expectsPermission(request) {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body: break
        case .end: isReading = false
        }
        context.fireChannelRead(data)
    }

    private func expectsPermission(_ request: HTTPRequest) -> Bool {
        guard request.headerFields[.expect]?.lowercased() == "100-continue" else { return false }
        let length = request.headerFields[.contentLength].flatMap { Int($0) }
        return length.map { $0 <= payloadLimit } ?? true
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var response):
            isLast = isReading && response.status.code >= 400
            if isLast { response.headerFields[.connection] = "close" }
            context.write(wrapOutboundOut(.head(response)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            guard isLast else { return context.write(data, promise: promise) }
            isEnding = true
            context.writeAndFlush(data, promise: promise)
            lingering = context.eventLoop.assumeIsolated().scheduleTask(in: lingerTime) {
                context.close(promise: nil)
            }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stalled?.cancel()
        stalled =
            context.channel.isWritable
            ? nil
            : context.eventLoop.assumeIsolated().scheduleTask(in: stalledTime) { context.close(promise: nil) }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelTasks()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelTasks() }

    private func cancelTasks() {
        stalled?.cancel()
        lingering?.cancel()
        (stalled, lingering) = (nil, nil)
    }
}

@available(*, unavailable)
extension ConnectionHandler: Sendable {}
