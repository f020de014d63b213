import Torch

/// A collective operation that was started, for ``ProcessGroup/wait(_:_:)``.
///
/// It keeps its tensors in memory, which must not be used before the wait is over.
public struct PendingCollective {
    let work: CollectiveWork
    /// The number of operations that this process had started with this one: the same in all processes.
    let number: Int
    /// The start, if the operation is measured.
    var timing: CollectiveTiming?
}
