import CTorch

/// A collective operation that was started.
///
/// It keeps its tensors and its group in memory. The tensors must not be used before it is done.
package final class CollectiveWork {
    private let handle: ct_work
    private let group: CollectiveGroup

    init(handle: ct_work, group: CollectiveGroup) { (self.handle, self.group) = (handle, group) }

    deinit { ct_work_free(handle) }

    /// Begins to measure the time until the operation completes, which may be before it is waited for.
    ///
    /// - Throws: `.outOfMemory`.
    package func measureTime() throws(TorchError) {
        let status = withExtendedLifetime(self) { ct_work_measure(handle) }
        try check("collective", status)
    }

    /// The time from ``measureTime()`` to the completion; nil if the operation is running, or if it runs on a CUDA device.
    package var measuredTime: Duration? {
        let time = withExtendedLifetime(self) { ct_work_nanoseconds(handle) }
        return time < 0 ? nil : .nanoseconds(time)
    }

    /// Waits for the end of the operation.
    ///
    /// - Parameter time: The longest wait; zero for none.
    /// - Returns: Whether it is done. If not, it is still running, and this method can be called again.
    /// - Throws: `.disconnected` if another process is gone, `.timedOut` after the group's time. The group is then unusable.
    package func wait(for time: Duration) throws(TorchError) -> Bool {
        var isDone = false
        let status = withExtendedLifetime(self) { ct_work_wait(&isDone, handle, time.milliseconds) }
        try check("collective", status)
        return isDone
    }
}
