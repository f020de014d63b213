import Foundation
import JSON

/// The form of log lines.
public enum LogFormat: String, Sendable, Equatable, CaseIterable {
    /// One JSON object a line.
    case json
    /// Text for people.
    case text
}

/// The facts about a request that are logged.
///
/// They contain no text of a request, no header field besides the ids, and no path, because a path may contain anything.
struct AccessLogLine: Sendable {
    /// The route of all requests that match none.
    static let unmatchedRoute = "unmatched"

    var time = Date.now
    var id: RequestID
    var method: String
    /// The route's pattern, such as `/models/{id}`.
    var route: String
    var status: Int
    var duration: Duration
    var bytesOut: Int
    var isClientGone: Bool
    var facts: RequestRecord.Facts

    /// The line, without its end.
    ///
    /// - Parameter format: Its form.
    /// - Returns: The text.
    func text(_ format: LogFormat) -> String {
        switch format {
        case .json: JSONValue.object(object).compact
        case .text: plain
        }
    }

    private var timestamp: String {
        time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    private var object: JSONObject {
        var object: JSONObject = [
            "ts": .string(timestamp), "level": .string("info"), "message": .string("request"),
            "request_id": .string(id.id), "method": .string(method), "route": .string(route),
            "status": .int(status),
            "duration_ms": milliseconds(duration), "bytes_out": .int(bytesOut),
        ]
        object["trace_id"] = id.traceID.map(JSONValue.string) ?? .null
        object["bytes_in"] = facts.bytesIn.map(JSONValue.int) ?? .null
        object["model"] = facts.model.map(JSONValue.string) ?? .null
        if facts.isBatch != nil {
            object["items"] = .int(facts.items)
            object["tokens"] = .int(facts.tokens)
            object["truncated"] = .int(facts.truncated)
        }
        if facts.answers > 0 {
            object["tokenization_ms"] = milliseconds(facts.mean(facts.tokenization))
            object["queue_ms"] = milliseconds(facts.mean(facts.queue))
            object["inference_ms"] = milliseconds(facts.mean(facts.inference))
        }
        object["failure"] = facts.failure.map { .string($0.rawValue) } ?? .null
        if !facts.itemFailures.isEmpty {
            object["failed_items"] = .int(facts.itemFailures.values.reduce(0, +))
        }
        if isClientGone { object["client_gone"] = .bool(true) }
        return object
    }

    private var plain: String {
        let time = milliseconds(duration).double ?? 0
        var parts = [timestamp, method, route, String(status), "\(time) ms", "\(bytesOut) B"]
        if facts.isBatch != nil { parts.append("items=\(facts.items) tokens=\(facts.tokens)") }
        if let failure = facts.failure { parts.append("failure=\(failure.rawValue)") }
        if isClientGone { parts.append("client gone") }
        return (parts + ["id=\(id.id)"]).joined(separator: " ")
    }

    /// Milliseconds with three decimals.
    private func milliseconds(_ duration: Duration) -> JSONValue {
        .double((duration.seconds * 1_000_000).rounded() / 1000)
    }
}
