import CTorch

/// Where large tensors on the CPU live once the program asks for it, on Linux: a heap of their own.
///
/// Every training step frees what the next one needs, in other sizes, for batches differ in length. The C library gives the
/// pages back, and the kernel clears them again, or keeps them and fills up with holes: SmolLM2-135M's tensors took 2.15 GB at
/// most and its process 3.5 after 222 steps. This heap joins free neighbours, takes the best fit, and holds what ``slack``
/// allows; on huge pages a step is a tenth faster, too.
public struct TensorHeap: Sendable, Equatable {
    /// The share that it may hold beyond the most that tensors took at once.
    public static let slack = 0.08

    /// Bytes of the tensors in it.
    public let live: Int
    /// The most there were at once.
    public let highestLive: Int
    /// Bytes of the pages that the system holds for it, at most.
    public let resident: Int

    /// Lets tensors live there from now on, for the whole process, and bounds the caches of oneDNN, which would grow by 4 MB a
    /// step.
    ///
    /// Call it once, at the start of a program that trains or predicts. Where it cannot be had, nothing changes.
    public static func adopt() { ct_runtime_use_tensor_heap(slack) }

    /// What it holds now; all 0 where there is none.
    public static var now: TensorHeap {
        var (live, highestLive, resident): (Int64, Int64, Int64) = (0, 0, 0)
        ct_memory_tensor_heap(&live, &highestLive, &resident)
        return TensorHeap(live: Int(live), highestLive: Int(highestLive), resident: Int(resident))
    }
}
