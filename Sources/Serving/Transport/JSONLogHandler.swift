import Foundation
import JSON
public import Logging

/// Writes log events as one JSON object a line, as the access log does.
///
/// ```swift
/// let logger = Logger(label: "attune") { label in
///     JSONLogHandler(label: label) { line in StandardStreams.writeMessage(line + "\n") }
/// }
/// ```
public struct JSONLogHandler: LogHandler {
    /// The level below which events are dropped.
    public var logLevel: Logger.Level
    /// The values added to every event.
    public var metadata: Logger.Metadata = [:]
    /// Provides more values for each event.
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    /// Creates a handler.
    ///
    /// - Parameters:
    ///   - label: The logger's name.
    ///   - level: The level below which events are dropped.
    ///   - format: The form of a line.
    ///   - write: Receives the lines, without line ends.
    public init(
        label: String = "attune",
        level: Logger.Level = .info,
        format: LogFormat = .json,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.label = label
        logLevel = level
        self.format = format
        self.write = write
    }

    /// One value of ``metadata``.
    ///
    /// - Parameter key: Its name.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes an event.
    ///
    /// - Parameter event: The event.
    public func log(event: LogEvent) {
        var values = metadataProvider?.get() ?? [:]
        values.merge(metadata) { _, new in new }
        values.merge(event.metadata ?? [:]) { _, new in new }
        let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let sorted = values.sorted { $0.key < $1.key }
        switch format {
        case .json:
            var object: JSONObject = [
                "ts": .string(time), "level": .string(event.level.rawValue), "logger": .string(label),
                "message": .string(event.message.description),
            ]
            for (key, value) in sorted { object[key] = Self.json(value) }
            if let error = event.error { object["error"] = .string("\(error)") }
            write(JSONValue.object(object).compact)
        case .text:
            var line = "\(time) \(event.level.rawValue) \(event.message)"
            for (key, value) in sorted { line += " \(key)=\(value)" }
            if let error = event.error { line += " error=\(error)" }
            write(line.split(whereSeparator: \.isNewline).joined(separator: " "))
        }
    }

    private static func json(_ value: Logger.Metadata.Value) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(json))
        case .dictionary(let values):
            .object(JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) }))
        }
    }
}
