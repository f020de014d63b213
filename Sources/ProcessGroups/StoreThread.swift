import Dispatch
import Foundation
import Synchronization

/// A thread for the calls of a store, because a call never returns while the store's host is silent.
///
/// After a call without an answer the store is given up, and the thread remains blocked until the process ends.
final class StoreThread: Sendable {
    /// The longest time for an answer, besides the time that a call waits for a key.
    static let patience = Duration.seconds(10)

    private let calls = Calls()
    private let isSilent = Atomic<Bool>(false)

    /// Starts the thread, which ends with this object.
    init() {
        let thread = Thread { [calls] in
            while let call = calls.next() { call() }
        }
        thread.name = "attune.store"
        thread.start()
    }

    deinit { calls.close() }

    /// Runs a call.
    ///
    /// - Parameters:
    ///   - waiting: The time that the call itself may wait.
    ///   - call: The call.
    /// - Returns: Its result; nil if there is no answer, or was none to an earlier call.
    func run<Value: Sendable>(
        waiting: Duration = .zero,
        _ call: @escaping @Sendable () -> Value
    ) -> Value? {
        guard !isSilent.load(ordering: .relaxed) else { return nil }
        let answer = Answer<Value>()
        calls.add {
            let value = call()
            answer.value.withLock { $0 = value }
            answer.isThere.signal()
        }
        let seconds = (waiting + Self.patience) / .seconds(1)
        guard answer.isThere.wait(timeout: .now() + seconds) == .success else {
            isSilent.store(true, ordering: .relaxed)
            return nil
        }
        return answer.value.withLock { $0 }
    }

    /// The result of a call.
    private final class Answer<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    /// The calls that wait for the thread, which retains them instead of the object above.
    private final class Calls: Sendable {
        private let waiting = Mutex<[@Sendable () -> Void]>([])
        private let signal = DispatchSemaphore(value: 0)

        func add(_ call: @escaping @Sendable () -> Void) {
            waiting.withLock { $0.append(call) }
            signal.signal()
        }

        /// Ends the thread after the calls so far.
        func close() { signal.signal() }

        /// The next call; nil at the end.
        func next() -> (@Sendable () -> Void)? {
            signal.wait()
            return waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }
    }
}
