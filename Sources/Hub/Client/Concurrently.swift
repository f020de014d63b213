/// Runs a closure for each item, at most `limit` at a time, and stops at the first error.
///
/// - Parameters:
///   - items: The items, in the order to start them.
///   - limit: The most closures that run at the same time.
///   - body: The work for one item.
/// - Throws: The first error that `body` throws.
func concurrently<Item: Sendable>(
    _ items: [Item],
    limit: Int,
    _ body: @escaping @Sendable (Item) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        var rest = items.makeIterator()
        func startNext() {
            guard let item = rest.next() else { return }
            group.addTask { try await body(item) }
        }
        for _ in 0..<max(1, limit) { startNext() }
        while try await group.next() != nil { startNext() }
    }
}
