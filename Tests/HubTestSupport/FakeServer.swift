public import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A request, as recorded for tests.
public struct FakeRequest: Sendable {
    /// The method: GET, HEAD or POST.
    public var method: String
    /// Path and query.
    public var target: String
    /// The headers, by lower-case name.
    public var headers: [String: String]
    /// The request's body.
    public var body: Data

    /// The path without the query.
    public var path: String { String(target.prefix { $0 != "?" }) }
}

/// An answer, and how its transfer fails.
public struct FakeAnswer: Sendable {
    /// The status.
    public var status: Int
    /// The headers in addition to the length.
    public var headers: [(String, String)]
    /// The body.
    public var body: Data
    /// The announced length; the body's own length if nil.
    public var announcedLength: Int?
    /// The number of bytes of the body after which the connection is closed; -1 closes it before the head.
    public var cutAfter: Int?
    /// The delay before anything is sent.
    public var delay: Duration = .zero

    /// Creates an answer that is sent completely.
    public init(_ status: Int, _ headers: [(String, String)] = [], _ body: Data = Data()) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// An HTTP server on this machine that answers with a closure.
public final class FakeServer: Sendable {
    /// Its port.
    public let port: Int
    private let channel: any Channel

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - port: The port; zero for any free one.
    ///   - answer: The closure that answers a request.
    /// - Throws: An error if no port is free.
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

    /// All requests received.
    public var requests: [FakeRequest] { requestLog.all }

    /// Stops the server.
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
                body: .joined([body])
            )
            body = Data()
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
            if !isCut, bytes.count > Self.pieceByteCount {
                return sendPieces(bytes[...], keepsAlive: keepsAlive, context: context)
            }
            let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes)))
            if isCut {
                // Closing before everything is written would cut at another byte.
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.writeAndFlush(wrapOutboundOut(part)).whenComplete { _ in
                    bound.value.close(promise: nil)
                }
                return
            }
            context.write(wrapOutboundOut(part), promise: nil)
        }
        finish(keepsAlive: keepsAlive, context: context)
    }

    /// A buffer cannot hold more than 4 GB, and memory should hold one piece.
    private static let pieceByteCount = 64 << 20

    private func sendPieces(_ bytes: Data, keepsAlive: Bool, context: ChannelHandlerContext) {
        guard !bytes.isEmpty else { return finish(keepsAlive: keepsAlive, context: context) }
        let part = HTTPServerResponsePart.body(
            .byteBuffer(ByteBuffer(bytes: bytes.prefix(Self.pieceByteCount)))
        )
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let rest = bytes.dropFirst(Self.pieceByteCount)
        context.writeAndFlush(wrapOutboundOut(part)).whenSuccess {
            let (handler, context) = bound.value
            handler.sendPieces(rest, keepsAlive: keepsAlive, context: context)
        }
    }

    private func finish(keepsAlive: Bool, context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if !keepsAlive { bound.value.close(promise: nil) }
        }
    }
}
