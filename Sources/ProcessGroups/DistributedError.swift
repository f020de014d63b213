/// An error in starting or running several processes as one group.
public struct DistributedError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// The launcher's variables are incomplete or contradict each other.
        case badLaunch
        /// A host or the store cannot be reached, or its name is unknown.
        case unreachable
        /// The processes differ in something that must be the same.
        case mismatch
        /// Another process failed or was killed.
        case peerFailed
        /// Another process did not answer in time.
        case timedOut
        /// This process was asked to stop while it waited.
        case interrupted
        /// A collective operation failed for another reason.
        case failed
    }

    /// The kind of failure.
    public var code: Code
    /// The problem, the variable or process, and the remedy.
    public var message: String

    /// The message.
    public var description: String { message }
}

extension DistributedError {
    /// Creates an error.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: The problem, the variable or process, and the remedy.
    package init(_ code: Code, _ message: String) { self.init(code: code, message: message) }

    /// The error of a process that was asked to stop while it waited for others.
    ///
    /// - Parameter activity: The activity that it waited for, for example "the other processes to start".
    /// - Returns: The error.
    package static func interrupted(waitingFor activity: String) -> Self {
        Self(.interrupted, "interrupted while waiting for \(activity)")
    }
}

/// Names ranks in a message: `rank 1`, `ranks 1 and 3`, `ranks 1, 3, 4, 5 and 60 more`.
///
/// - Parameter ranks: At least one rank.
/// - Returns: The words.
package func named(_ ranks: [Int]) -> String {
    let shown = 4
    guard ranks.count > 1 else { return "rank " + ranks.map(String.init).joined() }
    if ranks.count > shown + 1 {
        return "ranks \(ranks.prefix(shown).map(String.init).joined(separator: ", ")) and "
            + "\(ranks.count - shown) more"
    }
    return "ranks \(ranks.dropLast().map(String.init).joined(separator: ", ")) and "
        + ranks.suffix(1).map(String.init).joined()
}
