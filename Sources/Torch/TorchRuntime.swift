import CTorch

/// What the engine is and offers on this machine.
public enum TorchRuntime {
    /// libtorch's version.
    public static var version: String { String(cString: ct_runtime_version()) }

    /// The instruction set that libtorch's kernels use on this CPU, `AVX512` say.
    public static var cpuCapability: String { String(cString: ct_runtime_cpu_capability()) }

    /// Threads that one operation may use.
    ///
    /// - Throws: `.failed` if libtorch cannot tell.
    public static func threadCount() throws(TorchError) -> Int {
        var count: Int32 = 0
        try check("threadCount", ct_runtime_thread_count(&count))
        return Int(count)
    }

    /// Sets how many threads one operation may use: at the start, or between two batches on the thread that computes.
    ///
    /// - Parameter count: At least 1.
    /// - Throws: `.failed` if `count` is not positive.
    public static func setThreadCount(_ count: Int) throws(TorchError) {
        try check("setThreadCount", ct_runtime_set_thread_count(Int32(clamping: count)))
    }

    /// Opens the CUDA half of libtorch where this build has one, after which CUDA devices appear.
    ///
    /// - Returns: Whether this build has one.
    /// - Throws: `.failed` with the loader's reason: the NVIDIA libraries it needs are not there, say.
    public static func openCUDA() throws(TorchError) -> Bool {
        var opened = false
        try check("openCUDA", ct_runtime_open_cuda(&opened))
        return opened
    }

    /// The devices there are, the CPU first.
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
