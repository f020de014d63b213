import CTorch

/// libtorch's version, threads and devices on this machine.
public enum TorchRuntime {
    /// libtorch's version.
    public static var version: String { String(cString: ct_runtime_version()) }

    /// The instruction set that libtorch's kernels use on this CPU, for example `AVX512`.
    public static var cpuCapability: String { String(cString: ct_runtime_cpu_capability()) }

    /// Returns the number of threads that one operation may use.
    ///
    /// - Throws: `.failed` if libtorch cannot report it.
    public static func threadCount() throws(TorchError) -> Int {
        var count: Int32 = 0
        try check("threadCount", ct_runtime_thread_count(&count))
        return Int(count)
    }

    /// Sets the number of threads per operation.
    ///
    /// Call it at the start, or between two batches on the computing thread.
    ///
    /// - Parameter count: At least 1.
    /// - Throws: `.failed` if `count` is not positive.
    public static func setThreadCount(_ count: Int) throws(TorchError) {
        try check("setThreadCount", ct_runtime_set_thread_count(Int32(clamping: count)))
    }

    /// Calls a closure for consecutive parts of a range, on the threads of libtorch's operations.
    ///
    /// Other threads would compete with them, because they spin between two operations.
    ///
    /// - Parameters:
    ///   - count: The number of indices.
    ///   - grain: The fewest indices that are worth a thread.
    ///   - body: Called with each part, on several threads at once.
    package static func forEachPart(
        of count: Int,
        grain: Int,
        _ body: @Sendable (Range<Int>) -> Void
    ) {
        withoutActuallyEscaping(body) { body in
            var body = body
            withUnsafeMutablePointer(to: &body) { pointer in
                ct_runtime_parallel(Int64(count), Int64(grain), pointer) { context, begin, end in
                    context?.assumingMemoryBound(to: (@Sendable (Range<Int>) -> Void).self)
                        .pointee(Int(begin)..<Int(end))
                }
            }
        }
    }

    /// Loads the CUDA part of libtorch if this build has one; CUDA devices are available afterwards.
    ///
    /// - Returns: Whether this build has a CUDA part.
    /// - Throws: `.failed` with the loader's reason, such as missing NVIDIA libraries.
    public static func openCUDA() throws(TorchError) -> Bool {
        var opened = false
        try check("openCUDA", ct_runtime_open_cuda(&opened))
        return opened
    }

    /// Returns the available devices, the CPU first.
    ///
    /// - Throws: `.failed` if a driver reports a fault.
    public static func devices() throws(TorchError) -> [Device] {
        var cuda: Int32 = 0
        var mps: Int32 = 0
        try check("devices", ct_runtime_device_count(&cuda, CT_CUDA))
        try check("devices", ct_runtime_device_count(&mps, CT_MPS))
        return [.cpu] + (0..<Int(cuda)).map { .cuda($0) } + (mps > 0 ? [.mps] : [])
    }
}
