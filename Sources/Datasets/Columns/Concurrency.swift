import Dispatch
import Foundation
import Synchronization

/// Runs independent work on all cores and returns the results in the order of the items.
///
/// - Parameters:
///   - items: The items to work on.
///   - body: Computes the result of one item.
/// - Returns: One result per item.
/// - Throws: The first failure, in the order of the items.
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

/// The number of items to process concurrently before their results are collected in order.
var concurrentWindow: Int { 2 * ProcessInfo.processInfo.activeProcessorCount }
