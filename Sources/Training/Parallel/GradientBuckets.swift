import NN
import ProcessGroups
import Torch

/// The elements to which parts of a buffer are aligned: vectors of any instruction set.
private let alignment = 16

/// Rounds a count up.
private func aligned(_ count: Int, to size: Int) -> Int { (count + size - 1) / size * size }

/// The gradients of all trained parameters in flat float32 buffers, each of which is summed over all ranks.
///
/// A buffer's sum starts in the backward pass, as soon as its gradients and those of all buffers before it are complete. So all
/// ranks start the sums in the same order. The token embedding has no place in them: of its gradient only the rows that a step uses
/// are summed, after the backward pass, in which it is the last one to be complete (``TableGradient``).
///
/// Source: `c10d::Reducer`, the engine of PyTorch's DistributedDataParallel.
final class GradientBuckets {
    private let group: ProcessGroup
    private let compression: GradientCompression
    private let parameters: [Parameter]
    private let buckets: [Bucket]
    /// The index of the token embedding; nil if it is not trained.
    private let table: Int?
    /// Every parameter's part of its buffer, in the parameter's shape; nil for the token embedding.
    private let slices: [Tensor?]
    /// The bucket of each parameter.
    private let places: [Int]
    /// Part of the last buffer: 1 for each parameter that has a gradient here.
    ///
    /// A parameter without a gradient on all ranks must not get one of zeros, because weight decay would change it.
    private let marks: Tensor
    private var isCollected: [Bool]
    private var hasGradient: [Bool]
    /// The number of buffers whose sum has started.
    private var startedCount = 0

    /// A buffer, and its sum in progress.
    private final class Bucket {
        let buffer: Tensor
        /// The number of its gradients, and of the marks.
        let memberCount: Int
        /// The number of those that are not complete yet.
        var missing: Int
        var pending: PendingCollective?
        /// The parts of all ranks in bfloat16, and the sums of all ranks' parts.
        var received: Tensor?
        var sums: (parts: Tensor, pending: [PendingCollective])?

        init(_ buffer: Tensor, memberCount: Int) {
            (self.buffer, self.memberCount, missing) = (buffer, memberCount, memberCount)
        }
    }

    /// Creates the buffers.
    ///
    /// - Parameters:
    ///   - parameters: The trained parameters in the model's order; at least one.
    ///   - group: The group.
    ///   - compression: The type of the exchange.
    ///   - capacity: The maximum number of elements of a buffer.
    ///   - table: The token embedding, which is used by lookup only; nil exchanges all gradients whole.
    ///   - isInBlock: Whether a parameter's gradient is complete as soon as the backward pass reports it.
    /// - Throws: `.outOfMemory`.
    init(
        _ parameters: [Parameter],
        _ group: ProcessGroup,
        compression: GradientCompression,
        capacity: Int,
        table: Parameter? = nil,
        isInBlock: (Parameter) -> Bool
    ) throws(TorchError) {
        (self.group, self.parameters, self.compression) = (group, parameters, compression)
        let tableIndex = table.flatMap { table in parameters.firstIndex { $0 === table } }
        self.table = tableIndex
        let sizes = parameters.map { aligned($0.shape.reduce(1, *), to: alignment) }
        let whole = parameters.indices.filter { $0 != tableIndex }
        let places = GradientBuckets.layout(
            whole.map { sizes[$0] },
            isInBlock: whole.map { isInBlock(parameters[$0]) },
            capacity: capacity
        )
        // Without other parameters there is still a buffer for the marks.
        let layout = places.isEmpty ? [[]] : places.map { $0.map { whole[$0] } }
        var buckets: [Bucket] = []
        var slices = [Tensor?](repeating: nil, count: parameters.count)
        var bucketOfParameter = [Int](repeating: 0, count: parameters.count)
        var marks = try Tensor.zeros([parameters.count])
        for (place, members) in layout.enumerated() {
            let isLast = place == layout.count - 1
            let used = members.reduce(0) { $0 + sizes[$1] }
            let count = used + (isLast ? parameters.count : 0)
            // Equal parts for all ranks. The gaps between gradients stay 0.
            let buffer = try Tensor.zeros(
                [aligned(count, to: alignment * group.size)],
                device: parameters[0].value.device
            )
            var start = 0
            for index in members {
                let shape = parameters[index].shape
                let range = start..<start + shape.reduce(1, *)
                slices[index] = try buffer.narrowed(0, to: range).reshaped(shape)
                bucketOfParameter[index] = place
                start += sizes[index]
            }
            if isLast { marks = try buffer.narrowed(0, to: used..<used + parameters.count) }
            buckets.append(Bucket(buffer, memberCount: members.count + (isLast ? 1 : 0)))
        }
        (self.buckets, self.places, self.marks) = (buckets, bucketOfParameter, marks)
        self.slices = slices
        isCollected = [Bool](repeating: false, count: parameters.count)
        hasGradient = isCollected
    }

    /// Distributes parameters to buffers, in the order in which a backward pass completes their gradients.
    ///
    /// - Parameters:
    ///   - sizes: The number of elements of each parameter.
    ///   - isInBlock: Whether a parameter's gradient is complete within the pass; the others come last, in other buffers.
    ///   - capacity: The maximum number of elements of a buffer; a larger parameter gets its own.
    /// - Returns: The parameters of each buffer.
    static func layout(_ sizes: [Int], isInBlock: [Bool], capacity: Int) -> [[Int]] {
        var result: [[Int]] = []
        for isEarly in [true, false] {
            var room = -1
            for index in sizes.indices.reversed() where isInBlock[index] == isEarly {
                if room < sizes[index] {
                    result.append([])
                    room = capacity
                }
                result[result.count - 1].append(index)
                room -= sizes[index]
            }
        }
        return result
    }

    /// Takes a parameter's gradient, and starts the sums that are possible then.
    ///
    /// - Parameter index: The index of the parameter.
    /// - Throws: `DistributedError` or `TorchError`.
    func collect(_ index: Int) throws {
        guard !isCollected[index], let slice = slices[index] else { return }
        isCollected[index] = true
        let parameter = parameters[index]
        try parameter.sumGradient()
        if let gradient = try parameter.gradient() {
            try slice.assign(gradient)
            try parameter.clearGradient()
            hasGradient[index] = true
        } else {
            try slice.fill(0)
        }
        try complete(places[index])
    }

    /// Takes the remaining gradients, waits for all sums, and makes them the gradients of the parameters.
    ///
    /// - Parameter usedRows: Returns the rows of the token embedding that the step uses, of its number of rows: the same on all ranks.
    /// - Throws: `DistributedError` or `TorchError`.
    func finish(_ usedRows: (Int) -> UsedRows = UsedRows.init(all:)) throws {
        for index in parameters.indices { try collect(index) }
        let rows = try table.map { try collectTable($0, usedRows) }
        try marks.assign(Tensor(hasGradient.map { $0 ? Float(1) : 0 }))
        try complete(buckets.count - 1)
        let rowBucket = rows.map { Bucket($0.buffer, memberCount: 0) }
        if let rowBucket { try start(rowBucket) }
        let started = buckets + (rowBucket.map { [$0] } ?? [])
        switch compression {
        case .no: for bucket in started { try wait(for: bucket) }
        case .bf16: try finishCompressed(started)
        }
        for (index, count) in try marks.array(of: Float.self).enumerated() where count > 0 {
            if let slice = slices[index] {
                try parameters[index].replaceGradient(by: slice)
            } else {
                try rows?.handOver()
            }
        }
        for index in parameters.indices { (isCollected[index], hasGradient[index]) = (false, false) }
        for bucket in buckets { bucket.missing = bucket.memberCount }
        startedCount = 0
    }

    /// Takes the gradient of the token embedding.
    private func collectTable(_ index: Int, _ usedRows: (Int) -> UsedRows) throws(TorchError) -> TableGradient
    {
        let parameter = parameters[index]
        let rows = try TableGradient(
            of: parameter,
            usedRows(parameter.shape[0]),
            // Equal parts for all ranks.
            aligning: alignment * group.size
        )
        hasGradient[index] = rows.isPresent
        return rows
    }

    /// Counts a complete member of a bucket, and starts the sums of all buckets that are complete in order.
    private func complete(_ place: Int) throws {
        buckets[place].missing -= 1
        while startedCount < buckets.count, buckets[startedCount].missing == 0 {
            try start(buckets[startedCount])
            startedCount += 1
        }
    }

    private func start(_ bucket: Bucket) throws {
        switch compression {
        case .no: bucket.pending = try group.start(summing: bucket.buffer)
        case .bf16:
            let received = try Tensor.empty(
                bucket.buffer.shape,
                dtype: .bfloat16,
                device: bucket.buffer.device
            )
            bucket.pending = try group.startExchange(bucket.buffer.to(dtype: .bfloat16), into: received)
            bucket.received = received
        }
    }

    private func wait(for bucket: Bucket) throws {
        guard let pending = bucket.pending else { return }
        bucket.pending = nil
        try group.wait(pending, Self.activity)
    }

    private static let activity = "summing gradients"

    /// Sums the parts of a buffer that this rank has received, and sends the sum to all.
    ///
    /// Sums in bfloat16 would be rounded once for each rank.
    private func finishCompressed(_ buckets: [Bucket]) throws {
        for bucket in buckets {
            try wait(for: bucket)
            guard let received = bucket.received else { continue }
            bucket.received = nil
            let count = bucket.buffer.count / group.size
            let sum = try received.reshaped([group.size, count]).to(dtype: .float32).sum(along: 0)
            let parts = try Tensor.empty(bucket.buffer.shape, dtype: .bfloat16, device: bucket.buffer.device)
            let partOfRank = try (0..<group.size).map { rank in
                try parts.narrowed(0, to: rank * count..<(rank + 1) * count)
            }
            try partOfRank[group.rank].assign(sum)
            let pending = try partOfRank.enumerated().map { rank, part in
                try group.startBroadcast(part, from: rank)
            }
            bucket.sums = (parts, pending)
        }
        for bucket in buckets {
            guard let (parts, pending) = bucket.sums else { continue }
            bucket.sums = nil
            for part in pending { try group.wait(part, Self.activity) }
            try bucket.buffer.assign(parts)
        }
    }
}
