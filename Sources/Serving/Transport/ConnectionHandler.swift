import HTTPTypes
public import NIOCore
public import NIOHTTPTypes

/// Adds to Hummingbird's connections: `Expect: 100-continue`, closing after a response, and noticing a client that hangs up.
///
/// - `100 Continue` is sent before the body is read, unless the declared body is too large.
/// - After a response with `Connection: close`, the sending side is closed. The rest of the request is read and dropped for a
///   short time, because a connection closed at once could take the response with it. No more than 1 MB is dropped; then nothing
///   is read until the time is over. A response that begins before a large request has ended closes the connection, so that a
///   refused body is not read.
/// - A client that hangs up cancels the work on its request (`ConnectionWatch`). A client that closes only its sending side
///   counts as gone, because a socket cannot tell the two apart.
///
/// ```swift
/// .http1(configuration: .init(additionalChannelHandlers: [ConnectionHandler(payloadLimit: 2_000_000)]))
/// ```
public final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    /// The parts of a request.
    public typealias InboundIn = HTTPRequestPart
    /// The parts of a request.
    public typealias InboundOut = HTTPRequestPart
    /// The parts of a response.
    public typealias OutboundIn = HTTPResponsePart
    /// The parts of a response.
    public typealias OutboundOut = HTTPResponsePart

    /// The watch of this connection.
    let watch = ConnectionWatch()

    private let payloadLimit: Int
    private let isHTTP1: Bool
    private let linger: TimeAmount
    private var isReadingRequest = false
    /// Whether the rest of the request in progress is read so that the connection can be used again.
    private var isBodySmall = true
    private var openResponses = 0
    private var closesAfterResponse = false
    private var isDropping = false
    private var droppedBytes = 0

    /// Creates the handler of one connection, or of one stream of HTTP/2.
    ///
    /// - Parameters:
    ///   - payloadLimit: The largest body in bytes; a client that announces a larger one is not asked to send it.
    ///   - isHTTP1: False for a stream of HTTP/2, which is not closed by a header field.
    ///   - linger: The time for which the rest of a refused request is read.
    public init(
        payloadLimit: Int,
        isHTTP1: Bool = true,
        linger: TimeAmount = .seconds(2)
    ) {
        self.payloadLimit = payloadLimit
        self.isHTTP1 = isHTTP1
        self.linger = linger
    }

    /// Reads a part of a request.
    ///
    /// - Parameters:
    ///   - context: The handler's place in the channel.
    ///   - data: The part.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDropping else {
            if case .body(let buffer) = unwrapInboundIn(data) { droppedBytes += buffer.readableBytes }
            return
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            isReadingRequest = true
            isBodySmall = bodyLength(head) <= Self.smallBody
            openResponses += 1
            if openResponses == 1, expectsContinue(head) {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body: break
        case .end: isReadingRequest = false
        }
        context.fireChannelRead(data)
    }

    /// Keeps reading while the rest of a request is dropped.
    ///
    /// - Parameter context: The handler's place in the channel.
    public func channelReadComplete(context: ChannelHandlerContext) {
        if isDropping { read(context: context) }
        context.fireChannelReadComplete()
    }

    /// Reads from the client, unless enough of a refused request has been dropped.
    ///
    /// - Parameter context: The handler's place in the channel.
    public func read(context: ChannelHandlerContext) {
        if droppedBytes < Self.mostDroppedBytes { context.read() }
    }

    /// Writes a part of a response.
    ///
    /// - Parameters:
    ///   - context: The handler's place in the channel.
    ///   - data: The part.
    ///   - promise: Notified when it is written.
    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.kind != .informational:
            if !isHTTP1 {
                head.headerFields[.connection] = nil
            } else if isReadingRequest, !isBodySmall {
                head.headerFields[.connection] = "close"
            }
            closesAfterResponse = head.headerFields[.connection]?.lowercased() == "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            openResponses -= 1
            guard closesAfterResponse else {
                context.write(data, promise: promise)
                return
            }
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            let place = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
            written.futureResult.whenComplete { _ in place.value.handler.closeOutput(place.value.context) }
            context.writeAndFlush(data, promise: written)
        case .head, .body: context.write(data, promise: promise)
        }
    }

    /// Notices a client that has closed its sending side.
    ///
    /// - Parameters:
    ///   - context: The handler's place in the channel.
    ///   - event: The event.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            watch.close()
            if isDropping { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Notices a closed connection.
    ///
    /// - Parameter context: The handler's place in the channel.
    public func channelInactive(context: ChannelHandlerContext) {
        watch.close()
        context.fireChannelInactive()
    }

    /// Whether the client waits for permission to send a body that is not too large.
    private func expectsContinue(_ head: HTTPRequest) -> Bool {
        guard head.headerFields[.expect]?.lowercased() == "100-continue" else { return false }
        return (head.headerFields[.contentLength].flatMap { Int($0) } ?? 0) <= payloadLimit
    }

    /// The most bytes of a refused body that are read to keep the connection.
    private static let smallBody = 64 << 10
    /// The bytes of a refused request after which no more are read.
    private static let mostDroppedBytes = 1 << 20

    /// The bytes of a body; a very large number if the client does not declare them.
    private func bodyLength(_ head: HTTPRequest) -> Int {
        if let length = head.headerFields[.contentLength] { return Int(length) ?? .max }
        return head.headerFields[.transferEncoding] == nil ? 0 : .max
    }

    /// Closes the sending side, and drops the rest of the request until the client or the time closes the connection.
    private func closeOutput(_ context: ChannelHandlerContext) {
        guard context.channel.isActive, !isDropping else { return }
        isDropping = true
        context.close(mode: .output, promise: nil)
        context.read()
        let place = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: linger) { place.value.close(promise: nil) }
    }
}

@available(*, unavailable)
extension ConnectionHandler: Sendable {}
