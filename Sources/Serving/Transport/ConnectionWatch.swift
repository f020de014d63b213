import Synchronization

/// Calls handlers when a connection's client has hung up.
final class ConnectionWatch: Sendable {
    private struct State {
        var isClosed = false
        var next = 0
        var handlers: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    /// Whether the client has hung up.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Adds a handler; it is called at once if the client has already hung up.
    ///
    /// - Parameter handler: Called once, on any thread.
    /// - Returns: The registration, for ``forget(_:)``.
    func onClose(_ handler: @escaping @Sendable () -> Void) -> Int {
        let registration: Int? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.next += 1
            state.handlers[state.next] = handler
            return state.next
        }
        if registration == nil { handler() }
        return registration ?? 0
    }

    /// Removes a handler.
    ///
    /// - Parameter registration: The result of ``onClose(_:)``.
    func forget(_ registration: Int) { state.withLock { $0.handlers[registration] = nil } }

    /// Notes that the client has hung up, and calls all handlers.
    func close() {
        let handlers = state.withLock { state in
            state.isClosed = true
            defer { state.handlers = [:] }
            return Array(state.handlers.values)
        }
        for handler in handlers { handler() }
    }
}
