/// The results of a request's items in the order of the items; the service gives them as they become ready.
struct OrderedResults {
    private var iterator: AsyncStream<IndexedResult>.Iterator
    /// Results whose predecessors are not ready yet, by index.
    private var early: [Int: ItemResult] = [:]
    private var place = 0

    /// Creates an iterator.
    ///
    /// - Parameter stream: The service's results.
    init(_ stream: AsyncStream<IndexedResult>) { iterator = stream.makeAsyncIterator() }

    /// Waits for the next item's result.
    ///
    /// - Returns: The result; nil if the service ended early.
    mutating func next() async -> ItemResult? {
        defer { place += 1 }
        while true {
            if let result = early.removeValue(forKey: place) { return result }
            guard let indexed = await iterator.next() else { return nil }
            if indexed.index == place { return indexed.result }
            early[indexed.index] = indexed.result
        }
    }
}
