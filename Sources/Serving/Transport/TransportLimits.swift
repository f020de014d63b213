/// The limits of connections, which hold before any route is chosen.
public struct TransportLimits: Sendable, Equatable {
    /// The most connections at a time; more wait in the system's queue.
    public var maxConnections = 1024
    /// The connections that the system queues.
    public var backlog = 1024
    /// The seconds after which an idle connection, or one that sends no complete request head or body, is closed.
    ///
    /// Longer than the minute of most load balancers: they must be the first to close, or requests may be lost.
    public var idleSeconds = 75.0
    /// The most bytes of a header field, and of all header fields of a request.
    public var maxHeaderBytes = 32 << 10
    /// The most header fields of a request.
    public var maxHeaderFields = 100
    /// The seconds for which the rest of a refused request is read and dropped.
    public var lingerSeconds = 2.0

    /// Creates the default limits.
    public init() {}
}
