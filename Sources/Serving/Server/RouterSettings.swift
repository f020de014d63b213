public import Logging

/// Settings of the routes: who may call them, and what they write.
public struct RouterSettings: Sendable {
    /// The keys that clients may send as `Authorization: Bearer KEY`; if empty, no key is needed.
    public var apiKeys: [String] = []
    /// The key for loading and unloading models; nil switches these routes off.
    public var adminKey: String?
    /// The origins whose pages may read answers, such as `https://example.org`; empty allows none but the server's own page.
    ///
    /// `*` allows any, as text-embeddings-inference does by default.
    public var allowedOrigins: [String] = []
    /// The values of `Host` that are answered, without ports; nil answers any.
    public var allowedHosts: [String]?
    /// Whether scores on text-embeddings-inference's routes use its activation, whatever the problem type.
    public var teiActivation = false
    /// Whether the server has a page at `/`.
    public var hasPage = true
    /// The receiver of one line for each request; nil for none.
    public var accessLog: AccessLog?
    /// The logger for events that are not requests.
    public var logger: Logger

    /// Creates the default settings.
    ///
    /// - Parameter logger: The logger for events that are not requests.
    public init(logger: Logger = Logger(label: "attune.serve")) { self.logger = logger }
}

/// A receiver of one line for each request. Lines contain neither texts nor keys.
public struct AccessLog: Sendable {
    /// The form of the lines.
    public enum Form: Sendable, Equatable {
        /// A line for people.
        case text
        /// A JSON object.
        case json
    }

    /// The form of the lines.
    public let form: Form
    /// Receives a line without its line feed, on any thread.
    public let write: @Sendable (String) -> Void

    /// Creates a receiver.
    ///
    /// - Parameters:
    ///   - form: The form of the lines.
    ///   - write: Receives a line without its line feed, on any thread.
    public init(_ form: Form, write: @escaping @Sendable (String) -> Void) {
        (self.form, self.write) = (form, write)
    }
}
