/// An item that waits for the model.
struct WaitingItem: Sendable {
    /// The item's index in its request.
    let index: Int
    let encoded: EncodedItem
}

/// A request whose items wait for the model.
struct WaitingRequest: Sendable {
    let id: Int
    /// The model that answers; it stays loaded as long as the request waits.
    let model: ServedModel
    let arrival: ContinuousClock.Instant
    /// The time that tokenizing took.
    let tokenization: Duration
    /// The items that wait, the next one last.
    var items: [WaitingItem]
    /// Receives the results, in any order.
    let results: RequestResults
}

/// The items that are computed together.
struct Batch: Sendable {
    struct Item: Sendable {
        let request: Int
        let item: WaitingItem
        let arrival: ContinuousClock.Instant
        let tokenization: Duration
        let results: RequestResults
    }

    let model: ServedModel
    var items: [Item] = []
    var tokens = 0
}

/// The requests that wait, in the order in which they take turns.
///
/// A batch is filled in rounds: in each, every request of the batch's model gives at most a share of the tokens. So a request of one
/// text is not held up by an earlier one of ten thousand. Requests that gave items go to the end.
struct WaitingRequests: Sendable {
    private var requests: [WaitingRequest] = []
    /// The number of items that wait.
    private(set) var itemCount = 0
    /// The number of tokens that wait.
    private(set) var tokenCount = 0

    /// The arrival of the request that waits longest; nil if none waits.
    var oldestArrival: ContinuousClock.Instant? { requests.map(\.arrival).min() }

    /// Adds a request at the end.
    ///
    /// - Parameter request: A request with at least one item.
    mutating func add(_ request: WaitingRequest) {
        itemCount += request.items.count
        tokenCount += request.items.reduce(0) { $0 + $1.encoded.tokens }
        requests.append(request)
    }

    /// Removes a request, for example because its client hung up.
    ///
    /// - Parameter id: The request.
    /// - Returns: The number of items that were still waiting.
    mutating func remove(_ id: Int) -> Int {
        guard let place = requests.firstIndex(where: { $0.id == id }) else { return 0 }
        let request = requests.remove(at: place)
        itemCount -= request.items.count
        tokenCount -= request.items.reduce(0) { $0 + $1.encoded.tokens }
        return request.items.count
    }

    /// Removes all requests.
    ///
    /// - Returns: The requests.
    mutating func removeAll() -> [WaitingRequest] {
        defer { self = WaitingRequests() }
        return requests
    }

    /// Takes the next batch: items of the first request, and of others for the same model.
    ///
    /// - Parameters:
    ///   - maxTokens: The most tokens of the batch. A longer item is a batch alone.
    ///   - maxItems: The most items of the batch; nil for any number.
    /// - Returns: The batch; nil if nothing waits.
    mutating func nextBatch(maxTokens: Int, maxItems: Int?) -> Batch? {
        guard let first = requests.first else { return nil }
        var batch = Batch(model: first.model)
        let key = first.model.handle.key
        let share = max(1, maxTokens / Self.rounds)
        var gave = Set<Int>()
        // Requests whose next item did not fit; they keep their turn.
        var isFull = Set<Int>()
        var progress = true
        while progress, batch.items.count < maxItems ?? .max {
            progress = false
            for place in requests.indices
            where requests[place].model.handle.key == key && !isFull.contains(requests[place].id) {
                var given = 0
                while let item = requests[place].items.last, batch.items.count < maxItems ?? .max {
                    let cost = item.encoded.tokens
                    guard batch.items.isEmpty || batch.tokens + cost <= maxTokens else {
                        isFull.insert(requests[place].id)
                        break
                    }
                    // At least one item in each round.
                    guard given == 0 || given + cost <= share else { break }
                    requests[place].items.removeLast()
                    batch.add(item, of: requests[place])
                    given += cost
                }
                if given > 0 {
                    gave.insert(requests[place].id)
                    progress = true
                }
            }
        }
        itemCount -= batch.items.count
        tokenCount -= batch.tokens
        requests =
            requests.filter { !gave.contains($0.id) }
            + requests.filter { gave.contains($0.id) && !$0.items.isEmpty }
        return batch
    }

    /// The number of rounds that one request alone needs to fill a batch.
    private static let rounds = 8
}

extension Batch {
    fileprivate mutating func add(_ item: WaitingItem, of request: WaitingRequest) {
        items.append(
            Item(
                request: request.id,
                item: item,
                arrival: request.arrival,
                tokenization: request.tokenization,
                results: request.results
            )
        )
        tokens += item.encoded.tokens
    }
}
