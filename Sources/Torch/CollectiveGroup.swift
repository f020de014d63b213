import CTorch

/// How a collective combines corresponding elements of all processes.
package enum CollectiveReduction: Sendable {
    case sum, max, min

    var native: ct_collective_reduction {
        switch self {
        case .sum: CT_REDUCE_SUM
        case .max: CT_REDUCE_MAX
        case .min: CT_REDUCE_MIN
        }
    }
}

/// Connected processes that run collective operations together: c10d's Gloo for tensors on the CPU, NCCL for CUDA.
///
/// All processes must start the same operations in the same order, with tensors of equal shapes and dtypes. Otherwise Gloo may
/// wait, end the process, or return wrong numbers; ``checked(by:)`` finds such differences. Several operations may be
/// running at once. A group has one owner. Releasing it never blocks: after a failure it stays in memory.
package final class CollectiveGroup {
    private let handle: ct_group
    /// The groups that this one runs its operations on.
    private let inner: [CollectiveGroup]

    private init(handle: ct_group, inner: [CollectiveGroup]) { (self.handle, self.inner) = (handle, inner) }

    /// Connects CPU groups of all processes, each to each other one.
    ///
    /// - Parameters:
    ///   - store: A store with the same keys for all, and unused ones: addresses of an earlier group must not be in it.
    ///   - rank: This process's number.
    ///   - size: The number of processes.
    ///   - address: The address under which others reach this process, unless `GLOO_SOCKET_IFNAME` names an interface. Nil for
    ///     that of the machine's name.
    ///   - connecting: The time for one connection. A process may wait up to five times as much for one that fails.
    ///   - timeout: The longest duration of an operation, after which the group is unusable.
    /// - Throws: `.disconnected` or `.timedOut` if another process cannot be reached.
    package init(
        gloo store: RendezvousStore,
        rank: Int,
        size: Int,
        address: String?,
        connecting: Duration = .seconds(30),
        timeout: Duration
    ) throws(TorchError) {
        var handle = ct_group()
        let (rank, size) = (Int32(clamping: rank), Int32(clamping: size))
        let (connecting, timeout) = (connecting.milliseconds, timeout.milliseconds)
        let status = withExtendedLifetime(store) {
            if let address {
                ct_group_new_gloo(&handle, store.handle, rank, size, address, connecting, timeout)
            } else {
                ct_group_new_gloo(&handle, store.handle, rank, size, nil, connecting, timeout)
            }
        }
        try check("Gloo", status)
        (self.handle, self.inner) = (handle, [])
    }

    /// Connects groups of all processes for tensors of a CUDA device each.
    ///
    /// Never run on a device so far. Failures of others are noticed by NCCL's own thread, which ends the process.
    ///
    /// - Parameters:
    ///   - store: A store with the same keys for all, and unused ones.
    ///   - rank: This process's number.
    ///   - size: The number of processes.
    ///   - device: The index of the device.
    ///   - timeout: The longest duration of an operation.
    /// - Throws: `.failed` if this build has no NCCL or ``TorchRuntime/openCUDA()`` was not called; `.disconnected`.
    package init(
        nccl store: RendezvousStore,
        rank: Int,
        size: Int,
        device: Int,
        timeout: Duration
    ) throws(TorchError) {
        var handle = ct_group()
        let status = withExtendedLifetime(store) {
            ct_group_new_nccl(
                &handle,
                store.handle,
                Int32(clamping: rank),
                Int32(clamping: size),
                Int32(clamping: device),
                timeout.milliseconds
            )
        }
        try check("NCCL", status)
        (self.handle, self.inner) = (handle, [])
    }

    deinit { ct_group_free(handle) }

    /// Returns a group that compares operation, shape and dtype among all processes before each operation of this one.
    ///
    /// Starting an operation then waits for all processes. If they differ, all get an error and the group stays usable.
    ///
    /// - Parameter second: A second CPU group of the same processes, used for nothing else.
    /// - Returns: The group.
    /// - Throws: `.outOfMemory`.
    package func checked(by second: CollectiveGroup) throws(TorchError) -> CollectiveGroup {
        var checked = ct_group()
        let status = withExtendedLifetime((self, second)) {
            ct_group_new_checked(&checked, handle, second.handle)
        }
        try check("checked", status)
        return CollectiveGroup(handle: checked, inner: [self, second])
    }

    /// Starts to replace a tensor by its sum, maximum or minimum over all processes: the same bits on each.
    ///
    /// - Parameters:
    ///   - tensor: A contiguous tensor. bfloat16 is rounded at each addition.
    ///   - reduction: How elements are combined.
    /// - Returns: The started operation.
    /// - Throws: `.failed` for a tensor that is not contiguous or on another device; `.disconnected`.
    package func allReduce(
        _ tensor: Tensor,
        _ reduction: CollectiveReduction
    ) throws(TorchError) -> CollectiveWork {
        try start("allReduce", tensor) { ct_group_all_reduce($0, handle, tensor.handle, reduction.native) }
    }

    /// Starts to replace a tensor by that of one process.
    ///
    /// - Parameters:
    ///   - tensor: A contiguous tensor; it stays unchanged on `root`.
    ///   - root: The process that has the values.
    /// - Returns: The started operation.
    /// - Throws: `.failed` for a tensor that is not contiguous or on another device; `.disconnected`.
    package func broadcast(_ tensor: Tensor, from root: Int) throws(TorchError) -> CollectiveWork {
        try start("broadcast", tensor) {
            ct_group_broadcast($0, handle, tensor.handle, Int32(clamping: root))
        }
    }

    /// Starts to add up a tensor of all processes in one of them.
    ///
    /// - Parameters:
    ///   - tensor: A contiguous tensor, which becomes the sum on `root` and is undefined afterwards in other processes.
    ///   - root: The process that gets the sum.
    /// - Returns: The started operation.
    /// - Throws: `.failed` for a tensor that is not contiguous or on another device; `.disconnected`.
    package func reduce(_ tensor: Tensor, to root: Int) throws(TorchError) -> CollectiveWork {
        try start("reduce", tensor) { ct_group_reduce($0, handle, tensor.handle, Int32(clamping: root)) }
    }

    /// Starts to collect a tensor of all processes in one of them.
    ///
    /// - Parameters:
    ///   - input: A contiguous tensor.
    ///   - output: A contiguous tensor with one more dimension in front, whose part `s` becomes that of process `s`; nil in all
    ///     processes but `root`.
    ///   - root: The process that gets the tensors.
    /// - Returns: The started operation.
    /// - Throws: `.failed` if the shapes do not fit; `.disconnected`.
    package func gather(
        _ input: Tensor,
        into output: Tensor?,
        to root: Int
    ) throws(TorchError) -> CollectiveWork {
        try start("gather", output ?? input, input) {
            ct_group_gather($0, handle, input.handle, output?.handle ?? ct_tensor(), Int32(clamping: root))
        }
    }

    /// Starts to send an equal part of a tensor to each process, and to collect theirs.
    ///
    /// - Parameters:
    ///   - input: A contiguous tensor. Its part `r` along dimension 0 goes to process `r`.
    ///   - output: A tensor of the same shape. Its part `s` comes from process `s`.
    /// - Returns: The started operation.
    /// - Throws: `.failed` if the shapes differ or dimension 0 cannot be divided; `.disconnected`.
    package func allToAll(_ input: Tensor, into output: Tensor) throws(TorchError) -> CollectiveWork {
        try start("allToAll", input, output) {
            ct_group_all_to_all($0, handle, input.handle, output.handle)
        }
    }

    /// Starts to send a tensor to one process.
    ///
    /// - Parameters:
    ///   - tensor: A contiguous tensor.
    ///   - rank: The receiver.
    ///   - tag: A number that distinguishes messages on their way at the same time.
    /// - Returns: The started operation.
    /// - Throws: `.failed` for a tensor that is not contiguous or on another device; `.disconnected`.
    package func send(_ tensor: Tensor, to rank: Int, tag: Int) throws(TorchError) -> CollectiveWork {
        try start("send", tensor) {
            ct_group_send($0, handle, tensor.handle, Int32(clamping: rank), Int32(clamping: tag))
        }
    }

    /// Starts to receive a tensor from one process.
    ///
    /// - Parameters:
    ///   - tensor: A contiguous tensor of the sender's shape and dtype, which is overwritten.
    ///   - rank: The sender.
    ///   - tag: The sender's tag.
    /// - Returns: The started operation.
    /// - Throws: `.failed` for a tensor that is not contiguous or on another device; `.disconnected`.
    package func receive(into tensor: Tensor, from rank: Int, tag: Int) throws(TorchError) -> CollectiveWork {
        try start("receive", tensor) {
            ct_group_receive($0, handle, tensor.handle, Int32(clamping: rank), Int32(clamping: tag))
        }
    }

    private func start(
        _ operation: String,
        _ tensors: Tensor...,
        by body: (UnsafeMutablePointer<ct_work>) -> Int32
    ) throws(TorchError) -> CollectiveWork {
        var work = ct_work()
        let status = withExtendedLifetime((self, tensors)) { body(&work) }
        try check(operation, status)
        return CollectiveWork(handle: work, group: self)
    }
}
