import Dispatch
import Foundation
import Synchronization

/// Runs ranks as threads of the test's process, which share a `MemoryStore`.
enum StoreRanks {
    private final class Results<Value: Sendable>: Sendable {
        let byRank = Mutex<[Int: Result<Value, any Error>]>([:])
        let isOver = DispatchSemaphore(value: 0)
    }

    /// Runs a closure for each rank, all at the same time, and waits for all of them.
    ///
    /// - Parameters:
    ///   - ranks: The ranks.
    ///   - body: Receives a rank.
    /// - Returns: The results in the order of the ranks.
    static func run<Value: Sendable>(
        _ ranks: [Int],
        _ body: @escaping @Sendable (Int) throws -> Value
    ) -> [Result<Value, any Error>] {
        let results = Results<Value>()
        // A pool with two threads would wait forever for the third rank.
        for rank in ranks {
            Thread.detachNewThread {
                let result = Result { try body(rank) }
                results.byRank.withLock { $0[rank] = result }
                results.isOver.signal()
            }
        }
        for _ in ranks { results.isOver.wait() }
        return results.byRank.withLock { byRank in ranks.compactMap { byRank[$0] } }
    }
}
