/// The metrics of all HTTP requests, as OpenTelemetry names them.
///
/// Source: [HTTP metrics](https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server)
struct HTTPMetrics: Sendable {
    let duration = MetricFamily(
        "http_server_request_duration_seconds",
        .histogram([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]),
        labels: ["http_route", "http_request_method", "http_response_status_code"],
        "Seconds from a request's head to its response's last byte."
    )
    let active = MetricFamily("http_server_active_requests", .gauge, "Requests without a complete response.")

    /// All metrics.
    var families: [MetricFamily] { [duration, active] }

    /// Counts a finished request.
    ///
    /// - Parameters:
    ///   - route: The route's pattern; all requests without a route share one.
    ///   - method: The method; unknown ones share `_OTHER`.
    ///   - status: The status.
    ///   - seconds: The duration.
    func count(route: String, method: String, status: Int, seconds: Double) {
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
        active.add(-1)
        duration.observe(seconds, route, known.contains(method) ? method : "_OTHER", String(status))
    }
}
