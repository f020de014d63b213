import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes a connection after its current answer while the server drains, so that proxies open their next one to another server.
///
/// It must come after ``ConnectionHandler``, which closes connections whose answers say so.
final class DrainingHandler: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let isDraining: @Sendable () -> Bool

    /// Creates the handler of one connection.
    ///
    /// - Parameter isDraining: Whether the server is about to stop.
    init(isDraining: @escaping @Sendable () -> Bool) { self.isDraining = isDraining }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), head.status.kind != .informational, isDraining()
        else { return context.write(data, promise: promise) }
        head.headerFields[.connection] = "close"
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}

@available(*, unavailable)
extension DrainingHandler: Sendable {}
