/// Does something with each item, so many at a time; the first failure ends it.
///
/// - Parameters:
///   - items: In this order.
///   - limit: How many at a time.
///   - body: What is done.
/// - Throws: What `body` throws first.
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
