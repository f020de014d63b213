import Dispatch

/// Blocks a thread until a test opens it, so that the test can act in time on any machine.
public final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    /// Creates a closed gate.
    public init() {}

    /// Lets all threads pass, now and later.
    public func open() { semaphore.signal() }

    /// Waits until the gate is open.
    public func pass() {
        semaphore.wait()
        semaphore.signal()
    }
}
