import Synchronization

/// A run's events on their way from the training thread to their readers.
///
/// The training thread never waits for a reader. Only progress is dropped: several events of progress in a row are replaced by
/// the last one.
final class EventQueue: Sendable {
    private struct State {
        var events: [TrainingJob.Event] = []
        /// The end of the run; nil while it runs.
        var end: Result<Void, any Error>?
        var readers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Adds an event.
    func add(_ event: TrainingJob.Event) {
        wake { state in
            if event.isProgress, state.events.last?.isProgress == true { state.events.removeLast() }
            state.events.append(event)
        }
    }

    /// Marks the end: no more events follow.
    ///
    /// - Parameter end: The run's error, if it failed.
    func finish(_ end: Result<Void, any Error>) { wake { $0.end = end } }

    private func wake(_ change: (inout State) -> Void) {
        let readers = state.withLock { state in
            change(&state)
            defer { state.readers = [] }
            return state.readers
        }
        for reader in readers { reader.resume() }
    }

    /// Returns all events since the last call; waits for at least one.
    ///
    /// - Returns: The events; empty at the end.
    /// - Throws: The error that ended the run.
    func take() async throws -> [TrainingJob.Event] {
        while true {
            let (events, end) = state.withLock { state in
                defer { state.events = [] }
                return (state.events, state.end)
            }
            if !events.isEmpty { return events }
            if let end {
                try end.get()
                return []
            }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard state.events.isEmpty, state.end == nil else { return true }
                    state.readers.append(continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    /// Waits for the end.
    ///
    /// - Throws: The error that ended the run.
    func waitForEnd() async throws {
        while true {
            if let end = state.withLock({ $0.end }) { return try end.get() }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard state.end == nil else { return true }
                    state.readers.append(continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }
}

extension TrainingJob.Event {
    /// Whether a later event of the same kind replaces it.
    fileprivate var isProgress: Bool {
        switch self {
        case .progress, .run(.evaluating): true
        case .note, .resolved, .run: false
        }
    }
}
