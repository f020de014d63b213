import Logging

/// Passes the server's log messages to the console, with the form of all other messages.
///
/// A message's metadata is left out: it repeats addresses and numbers of connections for every request.
struct ConsoleLogHandler: LogHandler {
    private let console: Console
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    private init(_ console: Console, _ level: Logger.Level) { (self.console, logLevel) = (console, level) }

    /// A logger that writes to a console.
    ///
    /// - Parameters:
    ///   - console: The console.
    ///   - environment: The variables of the process; `LOG_LEVEL` gives the least important level to show, else notices.
    /// - Returns: The logger.
    static func logger(_ console: Console, environment: [String: String]) -> Logger {
        let name = environment["LOG_LEVEL"]?.lowercased() ?? ""
        // text-embeddings-inference says "warn".
        let level = Logger.Level(rawValue: name == "warn" ? "warning" : name) ?? .notice
        return Logger(label: "attune.serve") { _ in ConsoleLogHandler(console, level) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let prefix =
            switch event.level {
            case .trace, .debug, .info, .notice: ""
            case .warning: "attune: warning: "
            case .error, .critical: "attune: error: "
            }
        console.note(prefix + "\(event.message)")
    }
}
