import HTTPTypes
public import Hummingbird
import JSON

/// The routes of probes: whether the process lives, has started, and wants requests.
///
/// They read one state and never touch the queue or the model, because a probe has one second even when the largest batch runs.
/// A short overload does not change them; otherwise all replicas would leave at once.
///
/// | route | 200 |
/// |---|---|
/// | `/health`, `/ping`, `/health/ready`, `/readyz` | a model is loaded and the server is not shutting down |
/// | `/health/startup` | loading has ended |
/// | `/health/live`, `/livez` | always |
public struct HealthRoutes: Sendable {
    /// The paths of all routes.
    static let paths = [
        "/health", "/ping", "/health/ready", "/readyz", "/health/startup", "/health/live", "/livez",
    ]

    private let state: @Sendable () -> ServiceState

    /// Creates the routes.
    ///
    /// - Parameter service: The classifiers.
    public init(service: ClassifierService) { state = { service.state } }

    /// Creates the routes.
    ///
    /// - Parameter state: Reads the state without waiting.
    init(state: @escaping @Sendable () -> ServiceState) { self.state = state }

    /// Adds the routes.
    ///
    /// - Parameter router: The router or group to add them to.
    public func add<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        for path: RouterPath in ["health", "ping", "health/ready", "readyz"] {
            router.get(path) { _, _ in Self.readiness(state()) }
        }
        router.get("health/startup") { _, _ in Self.startup(state()) }
        for path: RouterPath in ["health/live", "livez"] {
            router.get(path) { _, _ in Response(status: .ok) }
        }
    }

    /// The response of the readiness routes, which text-embeddings-inference calls health: 200 with an empty body, or 503.
    ///
    /// - Parameter state: The state.
    /// - Returns: The response.
    static func readiness(_ state: ServiceState) -> Response {
        switch state {
        case .ready: Response(status: .ok)
        case .loading: unhealthy("the model is being loaded", retryAfter: 2)
        case .draining: unhealthy("the server is shutting down", retryAfter: 5)
        case .failed:
            unhealthy("the model could not be loaded; the server's log has the reason", retryAfter: 30)
        }
    }

    /// The response of the startup route.
    ///
    /// - Parameter state: The state.
    /// - Returns: The response.
    static func startup(_ state: ServiceState) -> Response {
        switch state {
        case .ready, .draining: Response(status: .ok)
        case .loading, .failed: readiness(state)
        }
    }

    private static func unhealthy(_ message: String, retryAfter seconds: Int) -> Response {
        ErrorReply.response(
            .serviceUnavailable,
            message,
            kind: "Unhealthy",
            headers: [.retryAfter: String(seconds)]
        )
    }
}
