import Synchronization

/// Receives the results of one request, and ends its stream after the last one.
final class RequestResults: Sendable {
    private let remaining: Mutex<Int>
    private let continuation: AsyncStream<IndexedResult>.Continuation

    /// Creates a receiver.
    ///
    /// - Parameters:
    ///   - count: The number of results to come, at least one.
    ///   - continuation: The stream's producing end.
    init(_ count: Int, _ continuation: AsyncStream<IndexedResult>.Continuation) {
        remaining = Mutex(count)
        self.continuation = continuation
    }

    /// Passes on a result.
    ///
    /// - Parameters:
    ///   - index: The index of the item in its request.
    ///   - result: The answer, or the reason that there is none.
    func deliver(_ index: Int, _ result: ItemResult) {
        continuation.yield(IndexedResult(index: index, result: result))
        let rest = remaining.withLock { count in
            count -= 1
            return count
        }
        if rest == 0 { continuation.finish() }
    }

    /// Ends the stream early.
    func finish() { continuation.finish() }
}
