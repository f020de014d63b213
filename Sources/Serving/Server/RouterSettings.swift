public import Logging

/// Settings of the routes: their callers, and their logs.
public struct RouterSettings: Sendable {
    /// The keys that clients may send as `Authorization: Bearer KEY`; if empty, no key is needed.
    public var apiKeys: [APIKey] = []
    /// The key for loading and unloading models; nil switches these routes off.
    public var adminKey: APIKey?
    /// The pages whose scripts may use the server; by default only its own.
    public var crossOrigin = CrossOriginPolicy.origins([])
    /// The values of `Host` that are answered, without ports; nil answers any.
    public var allowedHosts: [String]?
    /// Whether scores on text-embeddings-inference's routes use its activation, whatever the problem type.
    public var teiActivation = false
    /// Whether the server has a page at `/`.
    public var hasPage = true
    /// The form of the lines about requests.
    public var logFormat = LogFormat.json
    /// Receives one line for each request, without its line end, on any thread; nil for none.
    ///
    /// Lines contain neither texts nor keys.
    public var accessLog: (@Sendable (String) -> Void)?
    /// The logger for events that are not requests.
    public var logger: Logger

    /// Creates the default settings.
    ///
    /// - Parameter logger: The logger for events that are not requests.
    public init(logger: Logger = Logger(label: "attune.serve")) { self.logger = logger }
}
