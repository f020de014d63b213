import Dispatch
import Foundation
import Synchronization

/// Does independent work on all cores; results come in the order of the items.
///
/// - Parameters:
///   - items: What to work on.
///   - body: Makes one item's result.
/// - Returns: As many results as there are items.
/// - Throws: The first failure, by the items' order.
func concurrentMap<Item: Sendable, Result: Sendable>(
    _ items: [Item],
    _ body: @Sendable (Item) throws(DatasetError) -> Result
) throws(DatasetError) -> [Result] {
    guard items.count > 1 else {
        var results: [Result] = []
        for item in items { results.append(try body(item)) }
        return results
    }
    let results = Mutex([Swift.Result<Result, DatasetError>?](repeating: nil, count: items.count))
    DispatchQueue.concurrentPerform(iterations: items.count) { index in
        let result: Swift.Result<Result, DatasetError>
        do throws(DatasetError) { result = .success(try body(items[index])) } catch {
            result = .failure(error)
        }
        results.withLock { $0[index] = result }
    }
    var values: [Result] = []
    for result in results.withLock({ $0 }) {
        if let result { values.append(try result.get()) }
    }
    return values
}

/// Items that are worked on side by side before their results are put in order.
var concurrentWindow: Int { 2 * ProcessInfo.processInfo.activeProcessorCount }
