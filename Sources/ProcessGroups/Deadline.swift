import Foundation

/// The end of a limited wait.
struct Deadline: Sendable {
    private let end: ContinuousClock.Instant

    /// Starts the wait.
    ///
    /// - Parameter time: Its longest duration.
    init(in time: Duration) { end = ContinuousClock.now.advanced(by: time) }

    /// The time that is left; zero if it is over.
    var remaining: Duration { max(ContinuousClock.now.duration(to: end), .zero) }

    /// Whether no time is left.
    var isOver: Bool { remaining == .zero }
}

/// Lets the thread sleep.
func sleep(for time: Duration) { Thread.sleep(forTimeInterval: time / .seconds(1)) }

extension Duration {
    /// `300 s`, or `0.5 s`: whole seconds from 10, else tenths.
    var inSeconds: String {
        let seconds = self / .seconds(1)
        let tenths = Int((seconds * 10).rounded())
        if tenths >= 100 { return "\(Int(seconds.rounded())) s" }
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
