import CTorch

/// A separate heap for large CPU tensors, on Linux, once a program adopts it.
///
/// Every training step frees memory that the next step needs in other sizes, because batches differ in length. The C library
/// either returns the pages, so that the kernel must clear them again, or keeps them and fragments: SmolLM2-135M's tensors took
/// at most 2.15 GB, but its process took 3.5 GB after 222 steps. This heap merges free neighbors, takes the best fit, and keeps
/// at most ``slack`` in reserve. With huge pages a step is also a tenth faster.
public struct TensorHeap: Sendable, Equatable {
    /// The share that the heap may hold beyond the peak of live tensors.
    public static let slack = 0.08

    /// Bytes of the live tensors in the heap.
    public let live: Int
    /// The peak of ``live``.
    public let highestLive: Int
    /// Upper bound on the bytes of resident pages.
    public let resident: Int

    /// Allocates tensors there from now on, for the whole process, and bounds the caches of oneDNN, which would otherwise grow
    /// by 4 MB per step.
    ///
    /// Call it once, at the start of a program that trains or predicts. If the heap is not available, nothing changes.
    public static func adopt() { ct_runtime_use_tensor_heap(slack) }

    /// Returns the memory of freed tensors to the system, and forgets the peak.
    ///
    /// Call it after a model was freed in a program that continues to run. It takes milliseconds, and the next tensors cost more,
    /// because the system clears their pages again.
    public static func shrink() { ct_runtime_shrink_heaps() }

    /// The current state; all zero if there is no such heap.
    public static var now: TensorHeap {
        var (live, highestLive, resident): (Int64, Int64, Int64) = (0, 0, 0)
        ct_memory_tensor_heap(&live, &highestLive, &resident)
        return TensorHeap(live: Int(live), highestLive: Int(highestLive), resident: Int(resident))
    }
}
