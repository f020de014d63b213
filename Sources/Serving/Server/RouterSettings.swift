public import Logging

/// Settings of the routes: who may call them, and what they write.
public struct RouterSettings: Sendable {
    /// The keys of clients, each of which is enough; if empty, no key is needed.
    public var apiKeys: [APIKey] = []
    /// The key for loading and unloading models; nil switches these routes off.
    public var adminKey: APIKey?
    /// The web pages whose scripts may use the server.
    public var origins = CrossOriginPolicy.any
    /// The values of `Host` that are answered, such as `models.example.org` or `*.example.org`; if empty, any.
    public var allowedHosts: [String] = []
    /// Whether scores on text-embeddings-inference's routes use its activation, whatever the problem type.
    public var teiActivation = false
    /// Whether the server has a page at `/`.
    public var hasPage = true
    /// The form of the line about each request.
    public var logFormat = LogFormat.json
    /// Receives a line about each request, without its line feed and on any thread; nil for none.
    public var logSink: (@Sendable (String) -> Void)?
    /// The logger for events that are not requests.
    public var logger: Logger

    /// Creates the default settings.
    ///
    /// - Parameter logger: The logger for events that are not requests.
    public init(logger: Logger = Logger(label: "attune.serve")) { self.logger = logger }
}
