import Foundation

/// How often a request is repeated, and how long is waited in between.
public struct RetryPolicy: Sendable, Equatable {
    /// Tries in a row without a byte of progress.
    public var attempts: Int
    /// The wait after the first, which doubles.
    public var firstDelay: Duration
    /// The wait at the most, of the doubling and of what a server asks for.
    public var longestDelay: Duration

    /// The Hub's customary patience: six tries over about half a minute.
    public static let standard = RetryPolicy(attempts: 6, firstDelay: .seconds(1), longestDelay: .seconds(60))

    /// Takes the numbers.
    ///
    /// - Parameters:
    ///   - attempts: At least one.
    ///   - firstDelay: The wait after the first.
    ///   - longestDelay: The wait at the most.
    public init(attempts: Int, firstDelay: Duration, longestDelay: Duration) {
        self.attempts = max(1, attempts)
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
    }

    /// How long to wait.
    ///
    /// - Parameters:
    ///   - attempt: Failed tries so far, from one.
    ///   - asked: What the server asks for, if it does.
    ///   - jitter: From 0 to 1: clients that failed together do not come back together.
    /// - Returns: The server's wish where there is one; else half to all of the doubled delay.
    func delay(after attempt: Int, asked: Duration?, jitter: Double) -> Duration {
        if let asked { return min(max(asked, .zero), longestDelay) + firstDelay * (jitter * 0.1) }
        let doubled = firstDelay * Double(1 << min(attempt - 1, 20))
        return min(doubled, longestDelay) * (0.5 + 0.5 * jitter)
    }

    /// Whether a status may be gone with the next try.
    static func isTransient(_ status: Int) -> Bool { [408, 425, 429, 500, 502, 503, 504].contains(status) }

    /// `Retry-After`: seconds, or a date.
    ///
    /// - Parameters:
    ///   - header: The header's value.
    ///   - now: The present.
    /// - Returns: How long; nil where it is neither.
    ///
    /// Source: [RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110.html#section-10.2.3)
    static func retryAfter(_ header: String?, now: Date) -> Duration? {
        guard let text = header?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
        if let seconds = Double(text), seconds.isFinite { return .seconds(min(max(0, seconds), 86_400)) }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        guard let date = formatter.date(from: text) else { return nil }
        return .seconds(min(max(0, date.timeIntervalSince(now)), 86_400))
    }
}
