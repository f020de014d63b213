import CTorch

/// Records what tensors of this thread take, from its making until ``stop()``.
///
/// It counts what libtorch's allocators hand out, on every device, and not what kernels ask the system for by themselves.
package final class MemoryRecorder {
    private var isRecording = true

    /// Begins to record; one at a time on a thread.
    ///
    /// - Throws: `.failed` where one records already.
    package init() throws(TorchError) { try check("MemoryRecorder", ct_memory_start()) }

    deinit { if isRecording { _ = ct_memory_stop() } }

    /// Ends the record.
    ///
    /// - Throws: `.failed` on another thread.
    package func stop() throws(TorchError) {
        guard isRecording else { return }
        isRecording = false
        try check("MemoryRecorder", ct_memory_stop())
    }

    /// Bytes allocated since the start and not freed.
    ///
    /// - Returns: Less than 0 never: what was there before counts nothing.
    /// - Throws: `.failed` after ``stop()``.
    package func liveBytes() throws(TorchError) -> Int {
        var live: Int64 = 0
        try check("MemoryRecorder", ct_memory_live(&live))
        return Int(live)
    }

    /// The live bytes after each allocation since the last call.
    ///
    /// - Returns: In the order of allocation.
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
    /// Bytes that the C heap holds for the program; 0 where the C library does not tell.
    ///
    /// - Throws: Never in practice.
    package static func heapBytesInUse() throws(TorchError) -> Int {
        var bytes: Int64 = 0
        try check("heapBytesInUse", ct_memory_heap(&bytes))
        return Int(bytes)
    }
}
