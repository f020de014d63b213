import CTorch

/// Keys and values shared by all processes of a group: a connection to c10d's TCPStore.
///
/// A connection that is lost stays lost, so every later call fails.
package final class RendezvousStore: @unchecked Sendable {
    // Safe: the handle is constant, and c10d locks every call.
    let handle: ct_store

    /// Connects to a store, and hosts it if asked to.
    ///
    /// - Parameters:
    ///   - host: The host's name or address.
    ///   - port: The port. With 0 the hosting process takes a free one.
    ///   - isServer: Whether this process hosts the store; it then lives as long as this object and its prefixed stores.
    ///   - timeout: The time for connecting. c10d may use up to 2.4 times as much.
    /// - Throws: `.disconnected` or `.timedOut` if no store answers or the port is taken.
    package init(host: String, port: Int, isServer: Bool, timeout: Duration) throws(TorchError) {
        var handle = ct_store()
        try check(
            "RendezvousStore",
            ct_store_new(&handle, host, Int32(clamping: port), isServer, timeout.milliseconds)
        )
        self.handle = handle
    }

    /// Gives access to the keys of a store that begin with a prefix, under their names without it.
    ///
    /// - Parameters:
    ///   - prefix: The prefix, without the `/` that follows it.
    ///   - store: The store, whose connection is shared.
    /// - Throws: `.outOfMemory`.
    package init(prefix: String, of store: RendezvousStore) throws(TorchError) {
        var handle = ct_store()
        let status = withExtendedLifetime(store) { ct_store_prefix(&handle, prefix, store.handle) }
        try check("RendezvousStore", status)
        self.handle = handle
    }

    deinit { ct_store_free(handle) }

    /// The port of the store's host.
    package var port: Int { withExtendedLifetime(self) { Int(ct_store_port(handle)) } }

    /// Sets a value, and replaces an earlier one.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - value: Any bytes.
    /// - Throws: `.disconnected` if the store is gone.
    package func set(_ key: String, _ value: [UInt8]) throws(TorchError) {
        let status = withExtendedLifetime(self) {
            value.withUnsafeBufferPointer { ct_store_set(handle, key, $0.baseAddress, $0.count) }
        }
        try check("store", status)
    }

    /// Returns the value of a key, and waits for it.
    ///
    /// Calls of other threads wait meanwhile.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - waiting: The longest wait; zero for none.
    /// - Returns: The value; nil if it was not set in time.
    /// - Throws: `.disconnected` if the store is gone.
    package func get(_ key: String, waiting: Duration) throws(TorchError) -> [UInt8]? {
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        let status = withExtendedLifetime(self) {
            ct_store_get(&bytes, &count, handle, key, waiting.milliseconds)
        }
        try check("store", status)
        guard let bytes else { return nil }
        defer { ct_store_free_value(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    /// Whether a key has a value.
    ///
    /// - Parameter key: The key.
    /// - Returns: True if it was set.
    /// - Throws: `.disconnected` if the store is gone.
    package func contains(_ key: String) throws(TorchError) -> Bool {
        var isSet = false
        let status = withExtendedLifetime(self) { ct_store_contains(&isSet, handle, key) }
        try check("store", status)
        return isSet
    }

    /// Adds to a counter, which starts at 0.
    ///
    /// The store keeps it as decimal digits.
    ///
    /// - Parameters:
    ///   - amount: The number to add.
    ///   - key: The counter's key.
    /// - Returns: The new value.
    /// - Throws: `.disconnected` if the store is gone.
    package func add(_ amount: Int, to key: String) throws(TorchError) -> Int {
        var sum: Int64 = 0
        let status = withExtendedLifetime(self) { ct_store_add(&sum, handle, key, Int64(amount)) }
        try check("store", status)
        return Int(sum)
    }
}

extension Duration {
    /// The duration in milliseconds, rounded up so that a short one is not zero.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        // c10d adds it to a clock in nanoseconds.
        let longest: Int64 = 1 << 40
        guard !overflows else { return seconds > 0 ? longest : 0 }
        return min(whole + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000, longest)
    }
}
