import CTorch

/// Records the memory of this thread's tensors, from its creation until ``stop()``.
///
/// It counts allocations of libtorch's allocators on every device, but not memory that kernels request from the system.
package final class MemoryRecorder {
    private var isRecording = true

    /// Starts recording.
    ///
    /// A thread can have one recorder at a time.
    ///
    /// - Throws: `.failed` if another recorder is active.
    package init() throws(TorchError) { try check("MemoryRecorder", ct_memory_start()) }

    deinit { if isRecording { _ = ct_memory_stop() } }

    /// Stops recording.
    ///
    /// - Throws: `.failed` on another thread.
    package func stop() throws(TorchError) {
        guard isRecording else { return }
        isRecording = false
        try check("MemoryRecorder", ct_memory_stop())
    }

    /// Returns the bytes allocated since the start and not freed.
    ///
    /// - Returns: Never negative, because memory allocated before the start is not counted.
    /// - Throws: `.failed` after ``stop()``.
    package func liveBytes() throws(TorchError) -> Int {
        var live: Int64 = 0
        try check("MemoryRecorder", ct_memory_live(&live))
        return Int(live)
    }

    /// Returns the live bytes after each allocation since the last call.
    ///
    /// - Returns: One number per allocation, in order.
    /// - Throws: `.failed` after ``stop()``.
    package func takeTrace() throws(TorchError) -> [Int] {
        var count = 0
        try check("MemoryRecorder", ct_memory_take_trace(&count, nil, 0))
        var trace = [Int64](repeating: 0, count: count)
        try check("MemoryRecorder", ct_memory_take_trace(&count, &trace, trace.count))
        return trace.map(Int.init)
    }
}

extension TorchRuntime {
    /// Returns the bytes in use on the C heap; 0 if the C library does not report them.
    ///
    /// - Throws: Never in practice.
    package static func heapBytesInUse() throws(TorchError) -> Int {
        var bytes: Int64 = 0
        try check("heapBytesInUse", ct_memory_heap(&bytes))
        return Int(bytes)
    }
}
