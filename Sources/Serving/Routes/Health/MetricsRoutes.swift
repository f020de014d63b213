import HTTPTypes
public import Hummingbird

/// The route `GET /metrics` for Prometheus.
public struct MetricsRoutes: Sendable {
    private let metrics: ServingMetrics

    /// Creates the route.
    ///
    /// - Parameter service: The classifiers.
    public init(service: ClassifierService) { self.init(metrics: service.metrics) }

    /// Creates the route.
    ///
    /// - Parameter metrics: The metrics to show.
    init(metrics: ServingMetrics) { self.metrics = metrics }

    /// Adds the route.
    ///
    /// - Parameter router: The router or group to add it to.
    public func add<Context: ServingRequestContext>(to router: some RouterMethods<Context>) {
        router.get("metrics") { _, _ in
            Response.text(metrics.rendered(), contentType: PrometheusText.contentType)
        }
    }
}
