/// The address that a server listens on.
public enum ServerAddress: Sendable, Equatable, CustomStringConvertible {
    /// A host's name or IP address, and a port; port 0 takes a free one.
    case host(String, port: Int)
    /// A Unix domain socket.
    case socket(path: String)

    /// The address as people type it.
    public var description: String {
        switch self {
        // An IPv6 address needs brackets before a port.
        case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .socket(let path): path
        }
    }

    /// Whether other machines can reach it, as far as the address itself allows.
    public var isPublic: Bool {
        switch self {
        case .host(let host, _): !(host == "localhost" || host == "::1" || host.hasPrefix("127."))
        case .socket: false
        }
    }

    /// The address for a browser on this machine.
    ///
    /// - Parameter isEncrypted: Whether the server uses TLS.
    /// - Returns: A URL without a slash at its end; nil for a socket.
    public func url(isEncrypted: Bool) -> String? {
        guard case .host(let host, let port) = self else { return nil }
        let reachable: ServerAddress =
            ["0.0.0.0", "::", ""].contains(host) ? .host("localhost", port: port) : self
        return "\(isEncrypted ? "https" : "http")://\(reachable)"
    }
}

/// Settings of a server: address, connections and its end.
public struct ServerSettings: Sendable, Equatable {
    /// The address to listen on.
    public var address = ServerAddress.host("0.0.0.0", port: 3000)
    /// The certificate and its key; nil for plain HTTP.
    public var tls: TLSFiles?
    /// The limits of connections and headers; of connections at most as many as the process may open files.
    public var transport = TransportLimits()
    /// The seconds after which a connection is closed whose client does not read its answer.
    public var stalledSeconds = 30.0
    /// The seconds from a request to stop until new connections are refused.
    ///
    /// Readiness is false at once. In this time load balancers notice it, and requests that they still send are answered.
    public var drainSeconds = 5.0
    /// The seconds after the drain in which requests are finished; then they are cut off.
    public var shutdownSeconds = 30.0

    /// Creates the default settings.
    public init() {}
}
