/// The id of a request, which the client sends or the server makes, and the trace that it belongs to.
struct RequestID: Sendable, Equatable {
    /// The header field's name.
    static let header = "X-Request-Id"

    /// The id, echoed as `X-Request-Id`.
    let id: String
    /// The trace's id, if the client sent a valid `traceparent`.
    let traceID: String?

    /// Accepts or makes an id.
    ///
    /// - Parameters:
    ///   - header: The client's `X-Request-Id`; one that is not 1 to 128 visible ASCII characters is replaced.
    ///   - traceParent: The client's `traceparent`.
    init(header: String?, traceParent: String?) {
        id = header.flatMap { Self.isValid($0) ? $0 : nil } ?? Self.made()
        traceID = traceParent.flatMap { TraceParent($0)?.traceID }
    }

    /// Whether an id may be logged and echoed.
    ///
    /// - Parameter text: The client's id.
    /// - Returns: True for 1 to 128 visible ASCII characters.
    static func isValid(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// A random id of 32 hexadecimal digits.
    private static func made() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

/// A `traceparent` header field.
///
/// Source: [W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header)
struct TraceParent: Sendable, Equatable {
    /// The trace's id, 32 hexadecimal digits.
    let traceID: String
    /// The id of the client's span, 16 hexadecimal digits.
    let spanID: String
    /// Whether the client records the trace.
    let isSampled: Bool

    /// Parses the field.
    ///
    /// - Parameter text: The field, such as `00-<32 digits>-<16 digits>-01`. Digits must be lower case, ids must not be zero.
    ///   Later versions may add more parts.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ Self.isHexadecimal($0, count: $1) }),
            parts[0] != "ff", parts.count == 4 || parts[0] != "00",
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }),
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        traceID = String(parts[1])
        spanID = String(parts[2])
        isSampled = flags & 1 == 1
    }

    private static func isHexadecimal(_ text: Substring, count: Int) -> Bool {
        let digits = Array("0123456789abcdef".utf8)
        return text.utf8.count == count && text.utf8.allSatisfy { digits.contains($0) }
    }
}
