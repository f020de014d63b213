public import Torch

extension ProcessGroup {
    // MARK: Starting

    /// Starts to replace a tensor by its sum over all processes: the same bits in each.
    ///
    /// - Parameter tensor: A contiguous tensor of the same shape in all processes.
    /// - Returns: The started operation.
    /// - Throws: `.failed` for a tensor that is not contiguous; `.peerFailed`; `.mismatch`.
    public func start(summing tensor: Tensor) throws(DistributedError) -> PendingCollective {
        try start(tensor, sending: ringBytes(tensor)) { group throws(TorchError) in
            try group.allReduce(tensor, .sum)
        }
    }

    /// Starts to replace a tensor by that of one process.
    ///
    /// - Parameters:
    ///   - tensor: A contiguous tensor of the same shape in all processes; it stays unchanged on `root`.
    ///   - root: The rank of the process that has the values.
    /// - Returns: The started operation.
    /// - Throws: `.failed` for a tensor that is not contiguous; `.peerFailed`; `.mismatch`.
    public func startBroadcast(
        _ tensor: Tensor,
        from root: Int
    ) throws(DistributedError) -> PendingCollective {
        let receivers = Self.broadcastReceivers(of: rank, from: root, size: size)
        return try start(tensor, sending: receivers * bytes(tensor)) { group throws(TorchError) in
            try group.broadcast(tensor, from: root)
        }
    }

    /// Starts to add up a tensor of all processes in one of them.
    ///
    /// - Parameters:
    ///   - tensor: A contiguous tensor of the same shape in all processes. It becomes the sum on `root`, and is undefined
    ///     afterwards in the others.
    ///   - root: The rank of the process that gets the sum.
    /// - Returns: The started operation.
    /// - Throws: `.failed` for a tensor that is not contiguous; `.peerFailed`; `.mismatch`.
    public func startReduce(
        _ tensor: Tensor,
        to root: Int
    ) throws(DistributedError) -> PendingCollective {
        // A ring adds up a part in each process, and all parts are sent to one.
        let parts = size - 1 + (rank == root ? 0 : 1)
        return try start(tensor, sending: parts * bytes(tensor) / size) { group throws(TorchError) in
            try group.reduce(tensor, to: root)
        }
    }

    /// Starts to collect a tensor of all processes in one of them.
    ///
    /// - Parameters:
    ///   - input: A contiguous tensor of the same shape in all processes.
    ///   - output: A contiguous tensor with one more dimension in front, whose part `s` becomes that of rank `s`; nil in all
    ///     processes but `root`.
    ///   - root: The rank of the process that gets the tensors.
    /// - Returns: The started operation.
    /// - Throws: `.failed` if the shapes do not fit; `.peerFailed`; `.mismatch`.
    public func startGather(
        _ input: Tensor,
        into output: Tensor?,
        to root: Int
    ) throws(DistributedError) -> PendingCollective {
        try start(input, sending: rank == root ? 0 : bytes(input)) { group throws(TorchError) in
            try group.gather(input, into: output, to: root)
        }
    }

    /// Starts to send an equal part of a tensor to each process, and to collect theirs.
    ///
    /// - Parameters:
    ///   - input: A contiguous tensor. Its part `r` along dimension 0 goes to rank `r`.
    ///   - output: A tensor of the same shape. Its part `s` comes from rank `s`.
    /// - Returns: The started operation.
    /// - Throws: `.failed` if the shapes differ or dimension 0 cannot be divided; `.peerFailed`; `.mismatch`.
    public func startExchange(
        _ input: Tensor,
        into output: Tensor
    ) throws(DistributedError) -> PendingCollective {
        try start(input, sending: bytes(input) / size * (size - 1)) { group throws(TorchError) in
            try group.allToAll(input, into: output)
        }
    }

    func startBarrier() throws(DistributedError) -> PendingCollective {
        try start(summing: onTensors { () throws(TorchError) in try Tensor.zeros([1]) })
    }

    private func start(
        _ tensor: Tensor,
        sending bytes: Int,
        _ body: (CollectiveGroup) throws(TorchError) -> CollectiveWork
    ) throws(DistributedError) -> PendingCollective {
        if let failure { throw failure }
        let group = try collectives(on: tensor.device)
        startedCount += 1
        do throws(TorchError) {
            let began = collectiveFinished.map { _ in ContinuousClock.now }
            let work = try body(group)
            bytesSent += bytes
            let timing = try began.map { (began) throws(TorchError) in
                try CollectiveTiming(of: work, began, tensorBytes: self.bytes(tensor), bytesSent: bytes)
            }
            return PendingCollective(work: work, number: startedCount, timing: timing)
        } catch {
            throw ended(by: error, "a collective operation")
        }
    }

    // MARK: Groups by device

    /// The group for tensors of a device, with comparisons if they are on.
    private func collectives(on device: Device) throws(DistributedError) -> CollectiveGroup {
        guard case .cuda(let index) = device else {
            guard checksCollectives else { return gloo }
            try meet()
            if let checkedGloo { return checkedGloo }
            let group = try comparing(gloo, by: "gloo-check")
            checkedGloo = group
            return group
        }
        if nccl == nil { nccl = try connectDevice(index) }
        guard let nccl else { return gloo }
        guard checksCollectives else { return nccl }
        try meet()
        if let checkedNCCL { return checkedNCCL }
        let group = try comparing(nccl, by: "nccl-check")
        checkedNCCL = group
        return group
    }

    /// Waits until all processes have come here, because the waits of c10d that follow cannot be interrupted.
    private func meet() throws(DistributedError) {
        let wereOn = checksCollectives
        checksCollectives = false
        defer { checksCollectives = wereOn }
        try barrier("a collective operation")
    }

    private func comparing(
        _ group: CollectiveGroup,
        by prefix: String
    ) throws(DistributedError) -> CollectiveGroup {
        let second = try Joined.connect(rank, peers, store, prefix: prefix, timeout: options.stepTimeout)
        return try onTensors { () throws(TorchError) in try group.checked(by: second) }
    }

    private func connectDevice(_ index: Int) throws(DistributedError) -> CollectiveGroup {
        try meet()
        let connection = try store.connection(prefix: "nccl")
        return try onTensors { () throws(TorchError) in
            try CollectiveGroup(
                nccl: connection,
                rank: rank,
                size: size,
                device: index,
                timeout: Joined.ownTimeout(options)
            )
        }
    }

    // MARK: Waiting for the result

    /// Replaces a tensor by its sum over all processes: the same bits in each.
    ///
    /// - Parameters:
    ///   - tensor: A contiguous tensor of the same shape in all processes.
    ///   - activity: The purpose, for messages.
    /// - Throws: The errors of ``wait(_:_:)``.
    public func sum(_ tensor: Tensor, _ activity: String) throws(DistributedError) {
        try wait(try start(summing: tensor), activity)
    }

    /// Replaces a tensor by its maximum over all processes.
    ///
    /// - Parameters:
    ///   - tensor: A contiguous tensor of the same shape in all processes.
    ///   - activity: The purpose, for messages.
    /// - Throws: The errors of ``wait(_:_:)``.
    public func largest(_ tensor: Tensor, _ activity: String) throws(DistributedError) {
        let pending = try start(tensor, sending: ringBytes(tensor)) { group throws(TorchError) in
            try group.allReduce(tensor, .max)
        }
        try wait(pending, activity)
    }

    /// Replaces each tensor by that of one process, several at once.
    ///
    /// - Parameters:
    ///   - tensors: Contiguous tensors of the same shapes in all processes, each with the rank that has its values.
    ///   - activity: The purpose, for messages.
    /// - Throws: The errors of ``wait(_:_:)``.
    public func broadcast(
        _ tensors: [(tensor: Tensor, root: Int)],
        _ activity: String
    ) throws(DistributedError) {
        var pending: [PendingCollective] = []
        for (tensor, root) in tensors { pending.append(try startBroadcast(tensor, from: root)) }
        for operation in pending { try wait(operation, activity) }
    }

    /// Returns the values of all processes.
    ///
    /// - Parameters:
    ///   - values: This process's values.
    ///   - counts: The numbers of values by rank, the same in all processes.
    ///   - activity: The purpose, for messages.
    /// - Returns: The values in order of ranks.
    /// - Throws: `.failed` if `counts` does not match `values`; the errors of ``wait(_:_:)``.
    public func gathered(
        _ values: [Float],
        counts: [Int],
        _ activity: String
    ) throws(DistributedError) -> [Float] {
        guard counts.count == size, counts[rank] == values.count else {
            throw DistributedError(
                .failed,
                "\(activity): \(values.count) values of rank \(rank) of \(size) do not match the counts \(counts)"
            )
        }
        let total = counts.reduce(0, +)
        guard total > 0 else { return [] }
        let before = counts.prefix(rank).reduce(0, +)
        let padded =
            [Float](repeating: 0, count: before) + values
            + [Float](repeating: 0, count: total - before - values.count)
        let all = try onTensors { () throws(TorchError) in try Tensor(padded) }
        var parts: [(tensor: Tensor, root: Int)] = []
        var start = 0
        // Several times faster than Gloo's all-gather, which copies.
        for (root, count) in counts.enumerated() where count > 0 {
            let part = try onTensors { () throws(TorchError) in
                try all.narrowed(0, to: start..<(start + count))
            }
            parts.append((part, root))
            start += count
        }
        try broadcast(parts, activity)
        return try onTensors { () throws(TorchError) in try all.array(of: Float.self) }
    }

    /// Returns rank 0's bytes.
    ///
    /// - Parameters:
    ///   - bytes: The bytes; ignored except on rank 0.
    ///   - activity: The purpose, for messages.
    /// - Returns: Rank 0's bytes, in all processes.
    /// - Throws: The errors of ``wait(_:_:)``.
    public func shared(_ bytes: [UInt8], _ activity: String) throws(DistributedError) -> [UInt8] {
        let length = try onTensors { () throws(TorchError) in try Tensor([Int64(bytes.count)]) }
        try broadcast([(length, 0)], activity)
        let count = try onTensors { () throws(TorchError) in Int(try length.item()) }
        guard count > 0 else { return [] }
        let content = try onTensors { () throws(TorchError) in
            try isFirst ? Tensor(bytes) : Tensor.empty([count], dtype: .uint8)
        }
        try broadcast([(content, 0)], activity)
        return try onTensors { () throws(TorchError) in try content.array(of: UInt8.self) }
    }

    /// Compares values of all processes.
    ///
    /// - Parameters:
    ///   - values: Values that must be the same in all processes.
    ///   - topic: The topic, for messages.
    /// - Throws: `.mismatch`, which names the values, ranks and hosts; the errors of ``wait(_:_:)``.
    public func agree(on values: [AgreedValue], about topic: String) throws(DistributedError) {
        // Processes may come here minutes apart, and the comparison itself waits without announcements.
        try barrier("the comparison of \(topic)")
        do throws(DistributedError) {
            try Joined.compare(values, topic, launch, peers, store, options, timeout: options.stepTimeout)
        } catch {
            throw ended(error)
        }
    }

    /// Waits until all processes have come here.
    ///
    /// - Parameter activity: The purpose, for messages.
    /// - Throws: The errors of ``wait(_:_:)``.
    public func barrier(_ activity: String) throws(DistributedError) {
        try wait(try startBarrier(), activity)
    }

    // MARK: Formulas

    private func bytes(_ tensor: Tensor) -> Int { tensor.count * tensor.dtype.byteWidth }

    /// The bytes that each process of a ring sends in an all-reduce.
    private func ringBytes(_ tensor: Tensor) -> Int { 2 * (size - 1) * bytes(tensor) / size }

    /// The number of processes to which one sends a broadcast, in Gloo's binomial tree.
    ///
    /// - Parameters:
    ///   - rank: The sender's rank.
    ///   - root: The rank that has the values.
    ///   - size: The number of processes.
    /// - Returns: 0 for the leaves of the tree. All numbers together are `size - 1`.
    static func broadcastReceivers(of rank: Int, from root: Int, size: Int) -> Int {
        let position = (rank + size - root) % size
        var step = 1
        var count = 0
        while step < size {
            if position < step, position + step < size { count += 1 }
            step *= 2
        }
        return count
    }
}

/// Runs an operation on tensors, with this module's error.
///
/// - Parameter body: The operation.
/// - Returns: The result of `body`.
/// - Throws: `.failed` with libtorch's message.
func onTensors<Result>(_ body: () throws(TorchError) -> Result) throws(DistributedError) -> Result {
    do throws(TorchError) { return try body() } catch { throw DistributedError(.failed, "\(error)") }
}
