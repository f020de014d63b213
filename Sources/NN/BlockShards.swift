import Files
package import Torch

/// The weights of a model's blocks on one of several ranks: the values of each parameter belong to one rank.
///
/// The other ranks only have addresses for them, where the values can be received when their block is used and whose pages are
/// given back afterwards. So tensors never move. This type knows places; the training loop exchanges the values.
///
/// Source: Rajbhandari et al. 2020 (ZeRO-3), with whole parameters as units.
package final class BlockShards: BlockWeights {
    /// The parameters of one block that belong to one rank, one after another in memory.
    package struct Part {
        /// The rank that has the values.
        package let owner: Int
        /// All values as bytes, `uint8`.
        package let bytes: Tensor
        private let pages: ReleasablePages
        private let start: UnsafeMutableRawPointer

        fileprivate init(owner: Int, byteCount: Int) throws(TorchError) {
            guard let pages = ReleasablePages(byteCount: byteCount), let start = pages.bytes.baseAddress
            else {
                throw TorchError(
                    code: .outOfMemory,
                    operation: "blocks",
                    message: "no addresses for \(formattedSize(byteCount)) of weights"
                )
            }
            (self.owner, self.pages, self.start) = (owner, pages, start)
            bytes = try Tensor(borrowing: start, shape: [byteCount], dtype: .uint8, owner: pages)
        }

        fileprivate func tensor(
            _ offset: Int,
            _ parameter: Parameter,
            _ dtype: DType
        ) throws(TorchError) -> Tensor {
            try Tensor(
                borrowing: start + offset,
                shape: parameter.shape,
                dtype: dtype,
                owner: pages
            )
        }

        /// Gives the pages back to the system; the values are lost on this rank.
        package func release() { pages.release() }

        /// The bytes of its pages in memory.
        package var residentByteCount: Int { pages.residentByteCount }
    }

    /// A parameter's place.
    package struct Slot {
        package let parameter: Parameter
        /// The values at their place.
        package let tensor: Tensor
        package let block: Int
        /// The rank that has the values.
        package let owner: Int
    }

    package let rank: Int
    package let rankCount: Int
    /// The parts of each block, by ascending owner.
    package let parts: [[Part]]
    private let order: [String]
    private var slots: [String: Slot]

    /// The parts of memory begin at multiples of this number of bytes.
    private static let alignment = 64

    /// Divides the parameters of all blocks.
    ///
    /// - Parameters:
    ///   - parameters: Parameters in the model's order, equal on all ranks, and the types of their values. Those outside of the
    ///     blocks are left out.
    ///   - rank: This rank.
    ///   - rankCount: The number of ranks.
    /// - Throws: `.outOfMemory` if there are no addresses left.
    package init(
        _ parameters: [(parameter: Parameter, dtype: DType)],
        rank: Int,
        of rankCount: Int
    ) throws(TorchError) {
        (self.rank, self.rankCount) = (rank, rankCount)
        let placed = parameters.filter { $0.parameter.block != nil && $0.parameter.shape.reduce(1, *) > 0 }
        order = placed.map(\.parameter.name)
        var blocks: [Int: [(parameter: Parameter, dtype: DType)]] = [:]
        for member in placed { blocks[member.parameter.block ?? 0, default: []].append(member) }
        var (slots, parts) = ([String: Slot](), [[Part]]())
        var loads = [Int](repeating: 0, count: max(rankCount, 1))
        for block in 0..<(blocks.keys.max() ?? -1) + 1 {
            let members = blocks[block] ?? []
            let owners = Self.owners(of: members.map(Self.byteCount), &loads)
            var ofBlock: [Part] = []
            for owner in 0..<rankCount {
                let own = members.indices.filter { owners[$0] == owner }
                guard !own.isEmpty else { continue }
                let sizes = own.map { Self.byteCount(members[$0]) }
                let part = try Part(owner: owner, byteCount: sizes.reduce(0, +))
                var offset = 0
                for (index, size) in zip(own, sizes) {
                    let (parameter, dtype) = members[index]
                    slots[parameter.name] = Slot(
                        parameter: parameter,
                        tensor: try part.tensor(offset, parameter, dtype),
                        block: block,
                        owner: owner
                    )
                    offset += size
                }
                ofBlock.append(part)
            }
            parts.append(ofBlock)
        }
        (self.slots, self.parts) = (slots, parts)
    }

    /// The bytes of a parameter in a part.
    private static func byteCount(_ member: (parameter: Parameter, dtype: DType)) -> Int {
        let bytes = member.parameter.shape.reduce(1, *) * member.dtype.byteWidth
        return (bytes + alignment - 1) / alignment * alignment
    }

    /// Divides a block among ranks: the largest parameter first, each to the rank with the fewest bytes so far.
    ///
    /// - Parameters:
    ///   - sizes: The bytes of each parameter.
    ///   - loads: The bytes of each rank so far.
    /// - Returns: The rank of each parameter.
    package static func owners(of sizes: [Int], _ loads: inout [Int]) -> [Int] {
        var owners = [Int](repeating: 0, count: sizes.count)
        for index in sizes.indices.sorted(by: { (sizes[$1], $0) < (sizes[$0], $1) }) {
            let rank = loads.indices.min { loads[$0] < loads[$1] } ?? 0
            owners[index] = rank
            loads[rank] += sizes[index]
        }
        return owners
    }

    /// The divided parameters in the model's order.
    package var all: [Slot] { order.compactMap { slots[$0] } }

    /// The place of a parameter in ``all``.
    ///
    /// - Parameter name: The parameter's name.
    /// - Returns: The index; nil if every rank has its values.
    package func index(of name: String) -> Int? { all.firstIndex { $0.parameter.name == name } }

    /// The place of a parameter; nil if every rank has its values.
    ///
    /// - Parameter name: The parameter's name.
    package subscript(name: String) -> Slot? { slots[name] }

    /// Moves the values of a parameter to their place on their owner, and drops them on other ranks.
    ///
    /// A parameter that is quantized or has another type than expected stays whole on every rank.
    ///
    /// - Parameter parameter: The parameter, with values.
    /// - Throws: `TorchError`.
    package func take(_ parameter: Parameter) throws {
        guard let slot = slots[parameter.name], parameter.value !== slot.tensor else { return }
        guard parameter.quantized == nil, parameter.value.dtype == slot.tensor.dtype,
            parameter.value.device == .cpu
        else {
            slots[parameter.name] = nil
            return
        }
        let ends = try parameter.sampledEnds()
        if slot.owner == rank { try slot.tensor.assign(parameter.value.detached()) }
        try parameter.set(slot.tensor)
        parameter.keptEnds = ends
    }

    /// Gives a parameter its own memory on every rank, with the values that are at its place now.
    ///
    /// - Parameter name: The parameter's name.
    /// - Throws: `.outOfMemory`.
    package func giveBack(_ name: String) throws(TorchError) {
        guard let slot = slots.removeValue(forKey: name) else { return }
        try slot.parameter.set(slot.tensor.detached().copy())
    }

    /// Leaves out parameters that have got other values since ``take(_:)``; each rank has those.
    package func leaveOutReplaced() { slots = slots.filter { $1.parameter.value === $1.tensor } }

    // Until the ranks are connected, and after they have parted, nothing can be computed.

    package func begin(_ block: Int) throws(TorchError) { throw notConnected }

    package func assign(_ values: Tensor, to parameter: Parameter) throws(TorchError) {
        guard slots[parameter.name] == nil else { throw notConnected }
        try parameter.value.assign(values)
    }

    package func prepare(_ name: String) throws(TorchError) {
        guard slots[name] == nil else { throw notConnected }
    }

    private var notConnected: TorchError {
        TorchError(
            operation: "blocks",
            message:
                "the model's weights are divided among \(rankCount) processes, which can use them only together, in a "
                + "training run"
        )
    }
}
