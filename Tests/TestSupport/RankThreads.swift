import Dispatch
import Foundation
import Synchronization

/// Threads of the test's process in the place of processes.
public enum RankThreads {
    private final class Results<Value: Sendable>: Sendable {
        let byRank = Mutex<[Int: Result<Value, any Error>]>([:])
    }

    /// Runs a closure once for each rank, all at the same time, and waits for all of them.
    ///
    /// - Parameters:
    ///   - size: The number of ranks.
    ///   - body: Receives a rank.
    /// - Returns: The results in the order of ranks.
    public static func outcomes<Value: Sendable>(
        _ size: Int,
        _ body: @escaping @Sendable (Int) throws -> Value
    ) -> [Result<Value, any Error>] {
        let results = Results<Value>()
        let running = DispatchGroup()
        // Not on a pool: its threads may be fewer than the ranks, which wait for each other.
        for rank in 0..<size {
            running.enter()
            Thread.detachNewThread {
                let result = Result { try body(rank) }
                results.byRank.withLock { $0[rank] = result }
                running.leave()
            }
        }
        running.wait()
        return results.byRank.withLock { byRank in (0..<size).compactMap { byRank[$0] } }
    }

    /// Runs a closure once for each rank, all at the same time, and returns their values.
    ///
    /// - Parameters:
    ///   - size: The number of ranks.
    ///   - body: Receives a rank.
    /// - Returns: The values in the order of ranks.
    /// - Throws: The error of the lowest rank that failed.
    public static func values<Value: Sendable>(
        _ size: Int,
        _ body: @escaping @Sendable (Int) throws -> Value
    ) throws -> [Value] {
        try outcomes(size, body).map { try $0.get() }
    }
}
