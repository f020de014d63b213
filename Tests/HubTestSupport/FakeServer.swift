public import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A request as a test sees it.
public struct FakeRequest: Sendable {
    /// GET, HEAD, POST.
    public var method: String
    /// Path and query.
    public var target: String
    /// By name in lower case.
    public var headers: [String: String]
    /// What was sent.
    public var body: Data

    /// The path alone.
    public var path: String { String(target.prefix { $0 != "?" }) }
}

/// What is answered, and how it goes wrong.
public struct FakeAnswer: Sendable {
    /// The status.
    public var status: Int
    /// Beside the length.
    public var headers: [(String, String)]
    /// What is sent.
    public var body: Data
    /// What is said to be sent; the body's own length unless set.
    public var announcedLength: Int?
    /// The connection is cut after so many bytes of the body; minus one cuts before the head.
    public var cutAfter: Int?
    /// Waited before anything is sent.
    public var delay: Duration = .zero

    /// An answer that goes well.
    public init(_ status: Int, _ headers: [(String, String)] = [], _ body: Data = Data()) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// An HTTP server on this machine that answers what a closure says.
public final class FakeServer: Sendable {
    /// Its port.
    public let port: Int
    private let channel: any Channel

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - port: Zero for any that is free.
    ///   - answer: Says what is answered.
    /// - Throws: Where no port is free.
    public init(port: Int = 0, _ answer: @escaping @Sendable (FakeRequest) -> FakeAnswer) async throws {
        let seen = RequestLog()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        Handler { request in
                            seen.add(request)
                            return answer(request)
                        }
                    )
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = channel.localAddress?.port ?? 0
        requestLog = seen
    }

    private let requestLog: RequestLog

    /// All requests so far.
    public var requests: [FakeRequest] { requestLog.all }

    /// Stops it.
    public func stop() async { try? await channel.close() }
}

private final class RequestLog: Sendable {
    private let requests = Mutex<[FakeRequest]>([])
    func add(_ request: FakeRequest) { requests.withLock { $0.append(request) } }
    var all: [FakeRequest] { requests.withLock { $0 } }
}

/// Gathers a request and sends its answer.
private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (FakeRequest) -> FakeAnswer
    private var head: HTTPRequestHead?
    private var body = Data()

    init(_ answer: @escaping @Sendable (FakeRequest) -> FakeAnswer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = Data()
        case .body(let buffer): body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let head else { return }
            let headers = Dictionary(
                head.headers.map { ($0.name.lowercased(), $0.value) },
                uniquingKeysWith: { $0 + ", " + $1 }
            )
            let request = FakeRequest(
                method: head.method.rawValue,
                target: head.uri,
                headers: headers,
                body: body
            )
            let reply = answer(request)
            let isHead = head.method == .HEAD
            let keepsAlive = head.isKeepAlive
            if reply.delay == .zero {
                send(reply, isHead: isHead, keepsAlive: keepsAlive, context: context)
            } else {
                let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                context.eventLoop.scheduleTask(in: TimeAmount(reply.delay)) {
                    let (handler, context) = bound.value
                    handler.send(reply, isHead: isHead, keepsAlive: keepsAlive, context: context)
                }
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func send(_ reply: FakeAnswer, isHead: Bool, keepsAlive: Bool, context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        if reply.cutAfter == -1 {
            context.close(promise: nil)
            return
        }
        var headers = HTTPHeaders(reply.headers)
        if !headers.contains(name: "Content-Length") {
            headers.add(name: "Content-Length", value: "\(reply.announcedLength ?? reply.body.count)")
        }
        if !keepsAlive { headers.replaceOrAdd(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(statusCode: reply.status),
            headers: headers
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let isCut = reply.cutAfter != nil || (reply.announcedLength ?? reply.body.count) != reply.body.count
        if !isHead {
            let bytes = reply.body.prefix(reply.cutAfter ?? .max)
            let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes)))
            if isCut {
                // Closing before all is written would cut somewhere else.
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.writeAndFlush(wrapOutboundOut(part)).whenComplete { _ in
                    bound.value.close(promise: nil)
                }
                return
            }
            context.write(wrapOutboundOut(part), promise: nil)
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if !keepsAlive { bound.value.close(promise: nil) }
        }
    }
}
