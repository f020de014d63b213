import Dispatch
import Synchronization

/// Threads that tokenize long inputs, so that these do not hold up the tasks of other requests.
final class TokenizationPool: Sendable {
    private let queues: [DispatchQueue]
    private let next = Atomic(0)

    /// Creates a pool.
    ///
    /// - Parameter workers: The number of threads, at least one.
    init(workers: Int) {
        queues = (0..<max(1, workers)).map { DispatchQueue(label: "attune.tokenization.\($0)") }
    }

    /// Runs work: short work at once, long work on a thread of the pool.
    ///
    /// - Parameters:
    ///   - bytes: The bytes of the texts.
    ///   - work: The work.
    /// - Returns: Its result.
    func run<Value: Sendable>(bytes: Int, _ work: @escaping @Sendable () -> Value) async -> Value {
        guard bytes > Self.shortBytes else { return work() }
        let place = next.add(1, ordering: .relaxed).oldValue % queues.count
        return await withCheckedContinuation { continuation in
            queues[place].async { continuation.resume(returning: work()) }
        }
    }

    /// Texts of up to this number of bytes take less than a millisecond.
    private static let shortBytes = 8192
}
