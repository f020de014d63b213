import Synchronization

/// The queue between requests and the model's thread.
final class BatchQueue: Sendable {
    private struct State {
        var waiting = WaitingRequests()
        /// Whether the model's thread takes batches; it must be woken otherwise.
        var isServing = false
        var isClosed = false
        var speed = ServingSpeed()
        /// The tokens of the batch in progress.
        var tokensInProgress = 0

        /// The expected seconds until a further request's turn.
        var wait: Double {
            speed.tokensPerSecond.map { Double(waiting.tokenCount + tokensInProgress) / $0 } ?? 0
        }

        var retryAfter: Int { max(1, min(30, Int(wait.rounded(.up)))) }

        /// The seconds after which to retry, if a further request would wait too long.
        ///
        /// A request of any size is accepted if nothing waits.
        func refusal(_ limits: ServingLimits) -> Int? {
            waiting.itemCount > 0 && wait > limits.maxQueueSeconds ? retryAfter : nil
        }
    }

    private let state = Mutex(State())
    private let limits: ServingLimits
    private let metrics: ServingMetrics

    init(_ limits: ServingLimits, _ metrics: ServingMetrics) {
        (self.limits, self.metrics) = (limits, metrics)
    }

    /// Adds a request.
    ///
    /// - Parameter request: The request, with at least one item.
    /// - Returns: Whether the model's thread must be woken.
    /// - Throws: `.overloaded` if it would wait too long, `.draining` at the end.
    func add(_ request: WaitingRequest) throws(ServingFault) -> Bool {
        let result: Result<Bool, ServingFault> = state.withLock { state in
            if state.isClosed { return .failure(.draining) }
            if let seconds = state.refusal(limits) { return .failure(.overloaded(retryAfter: seconds)) }
            state.waiting.add(request)
            note(state)
            defer { state.isServing = true }
            return .success(!state.isServing)
        }
        return try result.get()
    }

    /// Refuses further requests early, before their bodies are read, if they would wait too long.
    ///
    /// - Throws: `.overloaded`.
    func requireRoom() throws(ServingFault) {
        let seconds = state.withLock { $0.refusal(limits) }
        if let seconds { throw .overloaded(retryAfter: seconds) }
    }

    /// Takes the next batch, on the model's thread.
    ///
    /// - Returns: The batch; nil if nothing waits, and the thread sleeps until it is woken.
    func next() -> Batch? {
        state.withLock { state in
            let batch = state.waiting.nextBatch(
                maxTokens: limits.maxBatchTokens,
                maxItems: limits.maxBatchItems
            )
            state.tokensInProgress = batch?.tokens ?? 0
            if batch == nil { state.isServing = false }
            note(state)
            return batch
        }
    }

    /// Notes the speed of a batch.
    ///
    /// - Parameters:
    ///   - batch: The computed batch.
    ///   - seconds: The time that it took.
    func done(_ batch: Batch, seconds: Double) {
        state.withLock { $0.speed.note(tokens: batch.tokens, seconds: seconds) }
        metrics.batchDone(
            model: batch.model.name,
            items: batch.items.count,
            tokens: batch.tokens,
            budget: limits.maxBatchTokens,
            seconds: seconds
        )
    }

    /// Removes a request whose client hung up.
    ///
    /// - Parameter id: The request.
    func remove(_ id: Int) {
        let count = state.withLock { state in
            let count = state.waiting.remove(id)
            note(state)
            return count
        }
        if count > 0 { metrics.dropped(count) }
    }

    /// Refuses further requests, and ends those that wait.
    func close() {
        let rest = state.withLock { state in
            state.isClosed = true
            return state.waiting.removeAll()
        }
        for request in rest { request.results.finish() }
    }

    /// The number of seconds after which a refused client should retry.
    var retryAfter: Int { state.withLock { $0.retryAfter } }

    /// The number of items that wait.
    var itemCount: Int { state.withLock { $0.waiting.itemCount } }

    private func note(_ state: borrowing State) {
        metrics.queueChanged(
            items: state.waiting.itemCount,
            tokens: state.waiting.tokenCount,
            oldestSeconds: state.waiting.oldestArrival.map { (ContinuousClock.now - $0).seconds } ?? 0
        )
    }
}

/// The mean speed of recent batches.
struct ServingSpeed: Sendable, Equatable {
    private var tokens = 0.0
    private var seconds = 0.0

    /// Tokens per second; nil before the first batch.
    var tokensPerSecond: Double? { seconds > 0 ? tokens / seconds : nil }

    /// Adds a batch; earlier ones count less with every second.
    ///
    /// - Parameters:
    ///   - tokens: The batch's tokens.
    ///   - seconds: The time that it took.
    mutating func note(tokens: Int, seconds: Double) {
        guard seconds > 0 else { return }
        let kept = max(0, 1 - seconds / Self.window)
        self.tokens = self.tokens * kept + Double(tokens)
        self.seconds = self.seconds * kept + seconds
    }

    /// The seconds of computing that the mean covers.
    private static let window = 10.0
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
