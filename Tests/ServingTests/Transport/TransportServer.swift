import Hummingbird
import HummingbirdCore
import HummingbirdTesting
import Logging
import NIOCore
import NIOPosix

@testable import Serving

/// A server with the transport's parts and routes of a test, without a model.
struct TransportServer: Sendable {
    let metrics = ServingMetrics()
    var keys: [APIKey] = []
    var origins = CrossOriginPolicy.any
    var hosts: [String] = []
    var payloadLimit = 1000
    var bodySeconds = 30.0
    /// The lines of the access log, in order.
    let lines: AsyncStream<String>
    private let sink: AsyncStream<String>.Continuation

    init() { (lines, sink) = AsyncStream.makeStream(of: String.self) }

    /// Starts the server, and runs a closure with a client of it.
    func run<Result>(
        _ addRoutes: (Router<ServingContext>) -> Void = { _ in },
        _ test: @Sendable (any TestClientProtocol) async throws -> Result
    ) async throws -> Result {
        let router = Router(context: ServingContext.self, options: .autoGenerateHeadEndpoints)
        let (limit, seconds) = (payloadLimit, bodySeconds)
        router.add(middleware: AccessLog(metrics: metrics) { [sink] in sink.yield($0) })
        router.add(middleware: CrossOrigin(origins))
        router.add(middleware: HostCheck(hosts))
        router.add(middleware: PathCheck())
        router.add(middleware: APIKeys(keys))
        MetricsRoutes(metrics: metrics).add(to: router)
        HealthRoutes { .ready }.add(to: router)
        router.post("echo") { request, _ in
            try await request.withBody(upTo: limit, within: seconds) { bytes in
                Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
            }
        }
        router.get("failing") { _, _ -> Response in throw UnexpectedError() }
        addRoutes(router)
        router.refuseOtherMethods()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let app = Application(
            router: router,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [
                        ConnectionHandler(payloadLimit: limit, linger: .milliseconds(300))
                    ],
                    idleTimeout: .seconds(60)
                )
            ),
            logger: logger
        )
        return try await app.test(.live, test)
    }

    /// The next line of the access log.
    func nextLine() async -> String {
        for await line in lines { return line }
        return ""
    }
}

/// An error that no route expects; its text must not reach a client.
struct UnexpectedError: Error, CustomStringConvertible {
    var description: String { "secret path" }
}

/// A connection whose bytes the test chooses.
struct RawConnection {
    private let port: Int

    /// - Parameter client: A client of the server.
    init(to client: any TestClientProtocol) { port = client.port ?? 0 }

    /// Sends pieces, each after the text that must be received before it, and receives until the server closes.
    ///
    /// - Parameters:
    ///   - pieces: The text to wait for, and the text to send then.
    ///   - end: Stops receiving at this text; nil waits until the server closes the connection.
    /// - Returns: All received text.
    /// - Throws: An error if the connection fails.
    func exchange(_ pieces: [(after: String, send: String)], until end: String? = nil) async throws -> String
    {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "localhost", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            var received = ""
            var rest = pieces[...]
            func sendDue() async throws {
                while let piece = rest.first, received.contains(piece.after) || piece.after.isEmpty {
                    rest = rest.dropFirst()
                    try await outbound.write(ByteBuffer(string: piece.send))
                }
            }
            try await sendDue()
            for try await buffer in inbound {
                received += String(buffer: buffer)
                if let end, received.contains(end) { break }
                try await sendDue()
            }
            return received
        }
    }
}
