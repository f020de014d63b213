import Synchronization

/// Keys and values shared by all processes of a group.
package protocol KeyValueStore: Sendable {
    /// Sets a value, and replaces an earlier one.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: Any bytes.
    /// - Throws: `.unreachable` if the store is gone.
    func set(_ key: String, _ value: [UInt8]) throws(DistributedError)

    /// Returns the value of a key, and waits for it.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - waiting: The longest wait.
    /// - Returns: The value; nil if it was not set in time.
    /// - Throws: `.unreachable` if the store is gone.
    func get(_ key: String, waiting: Duration) throws(DistributedError) -> [UInt8]?

    /// Whether a key has a value.
    ///
    /// - Parameter key: The key.
    /// - Returns: True if it was set.
    /// - Throws: `.unreachable` if the store is gone.
    func contains(_ key: String) throws(DistributedError) -> Bool

    /// Adds to a counter, which starts at 0.
    ///
    /// - Parameters:
    ///   - amount: The number to add.
    ///   - key: The counter's key.
    /// - Returns: The new value.
    /// - Throws: `.unreachable` if the store is gone.
    func add(_ amount: Int, to key: String) throws(DistributedError) -> Int
}

extension KeyValueStore {
    /// Sets a text.
    func set(_ key: String, text: String) throws(DistributedError) { try set(key, Array(text.utf8)) }

    /// Returns the value that a key has now; nil if it has none.
    func current(_ key: String) throws(DistributedError) -> [UInt8]? {
        guard try contains(key) else { return nil }
        // The value exists, so this does not wait.
        return try get(key, waiting: .seconds(5))
    }

    /// Returns the text that a key has now; nil if it has none.
    func currentText(_ key: String) throws(DistributedError) -> String? {
        try current(key).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Waits for a key, and looks once a second for a reason to stop waiting.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - deadline: The end of the wait.
    ///   - activity: The awaited event, for messages.
    ///   - shouldStop: Whether the process was asked to stop.
    /// - Returns: The value; nil if it was not set in time.
    /// - Throws: `.peerFailed` if another process reported its failure; `.interrupted`; `.unreachable`.
    func get(
        _ key: String,
        until deadline: Deadline,
        for activity: String,
        shouldStop: () -> Bool
    ) throws(DistributedError) -> [UInt8]? {
        while true {
            let slice = max(min(deadline.remaining, .seconds(1)), .milliseconds(1))
            if let value = try get(key, waiting: slice) { return value }
            if let failure = try Failure.first(in: self) { throw DistributedError(.peerFailed, "\(failure)") }
            if shouldStop() { throw DistributedError.interrupted(waitingFor: activity) }
            if deadline.isOver { return nil }
        }
    }
}

/// A store in this process's memory, for tests with threads as ranks.
package final class MemoryStore: KeyValueStore {
    private let values = Mutex<[String: [UInt8]]>([:])

    /// Creates an empty store.
    package init() {}

    package func set(_ key: String, _ value: [UInt8]) { values.withLock { $0[key] = value } }

    package func get(_ key: String, waiting: Duration) -> [UInt8]? {
        let deadline = Deadline(in: waiting)
        while true {
            if let value = values.withLock({ $0[key] }) { return value }
            if deadline.isOver { return nil }
            sleep(for: .milliseconds(1))
        }
    }

    package func contains(_ key: String) -> Bool { values.withLock { $0[key] != nil } }

    /// Adds to a counter, which is stored as decimal digits, as c10d's stores do.
    ///
    /// - Parameters:
    ///   - amount: The number to add.
    ///   - key: The counter's key.
    /// - Returns: The new value.
    /// - Throws: `.failed` if the value is not a number.
    package func add(_ amount: Int, to key: String) throws(DistributedError) -> Int {
        let sum = values.withLock { values -> Int? in
            guard let old = Int(String(decoding: values[key] ?? [UInt8(ascii: "0")], as: UTF8.self)) else {
                return nil
            }
            values[key] = Array(String(old + amount).utf8)
            return old + amount
        }
        guard let sum else { throw DistributedError(.failed, "the value of \(key) is not a number") }
        return sum
    }
}
