public import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A server with the routes of a ``ClassifierService``.
///
/// It listens before models are loaded, so that a load of minutes can be told from a process that hangs: `/health/live` is true,
/// `/health/ready` false.
///
/// ```swift
/// let server = ServingServer(service)
/// try await server.run { try await service.start([LoadRequest("runs/tickets", name: "tickets")]) }
/// ```
///
/// An application with routes of its own mounts ``ServingRouter`` instead.
public struct ServingServer: Sendable {
    /// The classifiers.
    public let service: ClassifierService
    /// Settings of the routes.
    public let routing: RouterSettings
    /// Address, connections and end.
    public let settings: ServerSettings

    /// Creates a server that does not listen yet.
    ///
    /// - Parameters:
    ///   - service: The classifiers.
    ///   - routing: Settings of the routes.
    ///   - settings: Address, connections and end.
    public init(
        _ service: ClassifierService,
        routing: RouterSettings = RouterSettings(),
        settings: ServerSettings = ServerSettings()
    ) {
        (self.service, self.routing, self.settings) = (service, routing, settings)
    }

    // MARK: The application

    /// The application, for tests and for programs that run it themselves.
    ///
    /// - Parameter onListening: Called with the address when it accepts connections.
    /// - Returns: A Hummingbird application; without graceful stopping, which ``run(_:onListening:loading:)`` adds.
    /// - Throws: ``ServerError`` for certificate files that cannot be used.
    public func application(
        onListening: @escaping @Sendable (ServerAddress) async -> Void = { _ in }
    ) throws(ServerError) -> some ApplicationProtocol {
        try application(certificates: certificates(), onListening: onListening)
    }

    private func certificates() throws(ServerError) -> TLSReload? {
        guard let files = settings.tls else { return nil }
        return try TLSReload(files, logger: routing.logger)
    }

    private func application(
        certificates: TLSReload?,
        onListening: @escaping @Sendable (ServerAddress) async -> Void
    ) -> some ApplicationProtocol {
        let settings = settings
        return Application(
            router: ServingRouter.build(service: service, settings: routing),
            server: builder(certificates),
            configuration: ApplicationConfiguration(
                address: settings.address.binding,
                serverName: nil,
                backlog: settings.transport.backlog,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    connectionLimit,
                    logger: routing.logger
                )
            ),
            onServerRunning: { channel in await onListening(settings.address.bound(to: channel)) },
            logger: routing.logger
        )
    }

    private func builder(_ certificates: TLSReload?) -> HTTPServerBuilder {
        let configuration = connections
        guard let certificates else { return .http1(configuration: configuration) }
        return HTTPServerBuilder { responder in
            ReloadingTLSChannel(
                http: HTTP1Channel(responder: responder, configuration: configuration),
                certificates: certificates
            )
        }
    }

    private var connections: HTTP1Channel.Configuration {
        let service = service
        let payloadLimit = service.limits.payloadLimit
        let linger = TimeAmount(seconds: settings.transport.lingerSeconds)
        let stalled = TimeAmount(seconds: settings.stalledSeconds)
        return HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionHandler(payloadLimit: payloadLimit, linger: linger),
                StalledWriteHandler(limit: stalled),
                DrainingHandler { service.state == .draining },
            ],
            idleTimeout: TimeAmount(seconds: settings.transport.idleSeconds),
            httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                maxHeaderFieldSize: settings.transport.maxHeaderBytes,
                maxHeaderListSize: settings.transport.maxHeaderBytes,
                maxHeaderFieldCount: settings.transport.maxHeaderFields
            )
        )
    }

    /// The most connections: some files besides must stay possible, because a failing `accept` would end the server.
    private var connectionLimit: Int {
        let files = sysconf(Int32(_SC_OPEN_MAX))
        let limit = settings.transport.maxConnections
        return files > 0 ? max(16, min(limit, files - 256)) : limit
    }

    // MARK: Life

    /// Listens, loads, and answers until it is asked to stop.
    ///
    /// To stop, the service becomes unready. For ``ServerSettings/drainSeconds`` everything is still answered, then no new
    /// connection is accepted, and open requests have ``ServerSettings/shutdownSeconds`` to finish.
    ///
    /// - Parameters:
    ///   - life: Asks the server to stop.
    ///   - onListening: Called with the address when it accepts connections.
    ///   - load: Loads the models, while the server listens. An error stops the server.
    /// - Throws: ``ServerError`` if it cannot listen; the errors of `load`.
    public func run(
        _ life: ServerLife = ServerLife(),
        onListening: @escaping @Sendable (ServerAddress) async -> Void = { _ in },
        loading load: @escaping @Sendable () async throws -> Void
    ) async throws {
        let certificates = try certificates()
        let outcome = Outcome()
        let (listening, isListening) = AsyncStream.makeStream(of: Void.self)
        let application = application(certificates: certificates) { address in
            outcome.listen()
            await onListening(address)
            isListening.finish()
        }
        // They stop in the opposite order.
        var services: [any Service] = []
        if let certificates { services.append(certificates) }
        services.append(application)
        var configuration = ServiceGroupConfiguration(services: services, logger: routing.logger)
        configuration.maximumGracefulShutdownDuration = .seconds(settings.shutdownSeconds)
        let group = ServiceGroup(configuration: configuration)

        // Not a child task: loading cannot be interrupted, and a server that is to stop need not wait for it.
        let loading = Task {
            for await _ in listening {}
            guard !Task.isCancelled else { return }
            do {
                try await load()
            } catch {
                outcome.fail(error)
                await group.triggerGracefulShutdown()
            }
        }
        let stopping = Task {
            guard await life.waitsForStop() else { return }
            await stop(group, life)
        }
        defer {
            loading.cancel()
            stopping.cancel()
            service.close()
            if outcome.hasListened { removeSocket() }
        }
        do {
            try await group.run()
        } catch {
            if let failure = outcome.failure { throw failure }
            if let explained = ServerError(error, binding: settings.address) { throw explained }
            guard service.state == .draining else { throw error }
            routing.logger.warning(
                "requests that were not finished after \(settings.shutdownSeconds) seconds have been cut off"
            )
        }
        if let failure = outcome.failure { throw failure }
    }

    /// Becomes unready, waits until load balancers have noticed it, and stops.
    private func stop(_ group: ServiceGroup, _ life: ServerLife) async {
        let wasReady = service.state == .ready
        service.drain()
        // Cancelled as soon as the server has stopped.
        async let emergency: Void = life.endProcess(
            after: settings.drainSeconds + settings.shutdownSeconds + Self.emergencySeconds
        )
        if wasReady { try? await Task.sleep(for: .seconds(settings.drainSeconds)) }
        await group.triggerGracefulShutdown()
        try? await Task.sleep(for: .seconds(settings.shutdownSeconds))
        // The requests that still wait for their turn end with an error instead of silence.
        service.close()
        await emergency
    }

    /// The seconds that cancelled requests have to end before the process ends without them.
    private static let emergencySeconds = 5.0

    private func removeSocket() {
        if case .socket(let path) = settings.address { unlink(path) }
    }
}

/// The parts of a server's life that other tasks report.
private final class Outcome: Sendable {
    private let state = Mutex<(hasListened: Bool, failure: (any Error)?)>((false, nil))

    /// Whether the server has accepted connections, so that a socket's file is its own.
    var hasListened: Bool { state.withLock { $0.hasListened } }

    /// The error of loading; nil if there is none so far.
    var failure: (any Error)? { state.withLock { $0.failure } }

    /// Notes that the server accepts connections.
    func listen() { state.withLock { $0.hasListened = true } }

    /// Keeps the error of loading.
    func fail(_ error: any Error) { state.withLock { $0.failure = error } }
}

extension ServerAddress {
    /// The address for Hummingbird.
    var binding: BindAddress {
        switch self {
        case .host(let host, let port): .hostname(host, port: port)
        case .socket(let path): .unixDomainSocket(path: path)
        }
    }

    /// The address with the port that was found for port 0.
    ///
    /// - Parameter channel: The listening channel.
    /// - Returns: The address that clients use.
    func bound(to channel: any Channel) -> ServerAddress {
        guard case .host(let host, _) = self, let port = channel.localAddress?.port else { return self }
        return .host(host, port: port)
    }
}

extension TimeAmount {
    /// Creates a time from seconds and fractions.
    fileprivate init(seconds: Double) { self = .nanoseconds(Int64(seconds * 1e9)) }
}
