import Foundation

/// How often a request is retried, and how long to wait in between.
public struct RetryPolicy: Sendable, Equatable {
    /// The number of consecutive attempts without a byte of progress.
    public var attempts: Int
    /// The wait after the first failed attempt.
    ///
    /// It doubles with each further one.
    public var firstDelay: Duration
    /// The longest wait, both for the doubled delay and for a delay that the server requests.
    public var longestDelay: Duration

    /// The default: six attempts over about half a minute.
    public static let standard = RetryPolicy(attempts: 6, firstDelay: .seconds(1), longestDelay: .seconds(60))

    /// Creates a policy.
    ///
    /// - Parameters:
    ///   - attempts: The number of attempts, at least one.
    ///   - firstDelay: The wait after the first failed attempt.
    ///   - longestDelay: The longest wait.
    public init(attempts: Int, firstDelay: Duration, longestDelay: Duration) {
        self.attempts = max(1, attempts)
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
    }

    /// Returns the time to wait.
    ///
    /// - Parameters:
    ///   - attempt: The number of failed attempts, from one.
    ///   - asked: The delay that the server requests, if any.
    ///   - jitter: A random number from 0 to 1, so that clients that failed together do not retry together.
    /// - Returns: The server's delay if there is one; otherwise half to all of the doubled delay.
    func delay(after attempt: Int, asked: Duration?, jitter: Double) -> Duration {
        if let asked { return min(max(asked, .zero), longestDelay) + firstDelay * (jitter * 0.1) }
        let doubled = firstDelay * Double(1 << min(attempt - 1, 20))
        return min(doubled, longestDelay) * (0.5 + 0.5 * jitter)
    }

    /// Whether a request with this status may succeed when retried.
    static func isTransient(_ status: Int) -> Bool { [408, 425, 429, 500, 502, 503, 504].contains(status) }

    /// Parses `Retry-After`: seconds, or a date.
    ///
    /// - Parameters:
    ///   - header: The header's value.
    ///   - now: The current time.
    /// - Returns: The delay; nil if the header is neither.
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
