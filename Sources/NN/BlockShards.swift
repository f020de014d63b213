import Files
package import Torch

/// The weights of a model's blocks on one of several ranks: the values of each parameter belong to one rank.
///
/// The other ranks only have addresses for them, where the values can be received when their block is used and whose pages are
/// given back afterwards. So tensors never move. This type knows places; the training loop exchanges the values.
///
/// The values of a quantized matrix are its codes and scales. A matrix in the blocks of a GGUF file stays in that file, which every
/// rank maps: the system can drop such pages itself, and the ranks of a host share them.
///
/// Source: Rajbhandari et al. 2020 (ZeRO-3), with whole parameters as units.
package final class BlockShards: BlockWeights {
    /// A parameter, and the tensors that will hold its values; none for a matrix that stays in a file.
    package typealias Member = (parameter: Parameter, specs: [TensorSpec])

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

        /// Returns tensors at consecutive places.
        fileprivate func tensors(_ specs: [TensorSpec], from offset: Int) throws(TorchError) -> [Tensor] {
            var (tensors, place) = ([Tensor](), start + offset)
            for spec in specs {
                tensors.append(
                    try Tensor(borrowing: place, shape: spec.shape, dtype: spec.dtype, owner: pages)
                )
                place += BlockShards.placeSize(spec)
            }
            return tensors
        }

        /// Gives the pages back to the system; the values are lost on this rank.
        package func release() { pages.release() }

        /// The bytes of its pages in memory.
        package var residentByteCount: Int { pages.residentByteCount }
    }

    /// A parameter's place.
    package struct Slot {
        package let parameter: Parameter
        /// The values at their place: one tensor, or several of a quantized matrix.
        package let tensors: [Tensor]
        package let block: Int
        /// The rank that has the values.
        package let owner: Int

        /// Whether the parameter's values are at their place.
        fileprivate var isInPlace: Bool {
            let found = parameter.tensors
            return found.count == tensors.count && zip(found, tensors).allSatisfy { $0 === $1 }
        }
    }

    package let rank: Int
    package let rankCount: Int
    /// The parts of each block, by ascending owner.
    package let parts: [[Part]]
    private let order: [String]
    private var slots: [String: Slot]

    /// Tensors begin at multiples of this number of bytes.
    private static let alignment = 64

    /// Divides the parameters of all blocks.
    ///
    /// - Parameters:
    ///   - members: Parameters in the model's order, and the tensors that will hold their values, equal on all ranks. Parameters
    ///     outside of the blocks and those that stay in a file are left out.
    ///   - rank: This rank.
    ///   - rankCount: The number of ranks.
    /// - Throws: `.outOfMemory` if there are no addresses left.
    package init(_ members: [Member], rank: Int, of rankCount: Int) throws(TorchError) {
        (self.rank, self.rankCount) = (rank, rankCount)
        let placed = members.filter { $0.parameter.block != nil && Self.partSize($0) > 0 }
        order = placed.map(\.parameter.name)
        var blocks: [Int: [Member]] = [:]
        for member in placed { blocks[member.parameter.block ?? 0, default: []].append(member) }
        var (slots, parts) = ([String: Slot](), [[Part]]())
        var loads = [Int](repeating: 0, count: max(rankCount, 1))
        for block in 0..<(blocks.keys.max() ?? -1) + 1 {
            let members = blocks[block] ?? []
            let owners = Self.owners(of: members.map(Self.partSize), &loads)
            var ofBlock: [Part] = []
            for owner in 0..<rankCount {
                let own = members.indices.filter { owners[$0] == owner }.map { members[$0] }
                guard !own.isEmpty else { continue }
                let part = try Part(owner: owner, byteCount: own.reduce(0) { $0 + Self.partSize($1) })
                var offset = 0
                for member in own {
                    slots[member.parameter.name] = Slot(
                        parameter: member.parameter,
                        tensors: try part.tensors(member.specs, from: offset),
                        block: block,
                        owner: owner
                    )
                    offset += Self.partSize(member)
                }
                ofBlock.append(part)
            }
            parts.append(ofBlock)
        }
        (self.slots, self.parts) = (slots, parts)
    }

    /// Divides the parameters of all blocks in the form that they have.
    ///
    /// - Parameters:
    ///   - parameters: Parameters with values in the model's order; those outside of the blocks are left out.
    ///   - rank: This rank.
    ///   - rankCount: The number of ranks.
    /// - Throws: `.outOfMemory` if there are no addresses left.
    package convenience init(
        _ parameters: [Parameter],
        rank: Int,
        of rankCount: Int
    ) throws(TorchError) {
        let members = parameters.map { (parameter: $0, specs: $0.tensors.map(\.spec)) }
        try self.init(members, rank: rank, of: rankCount)
    }

    /// The bytes of a tensor's place in a part.
    private static func placeSize(_ spec: TensorSpec) -> Int {
        (spec.byteCount + alignment - 1) / alignment * alignment
    }

    /// The bytes of a parameter's place in a part.
    private static func partSize(_ member: Member) -> Int {
        member.specs.reduce(0) { $0 + placeSize($1) }
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
    /// A parameter whose values have another form than expected stays whole on every rank.
    ///
    /// - Parameter parameter: The parameter, with values.
    /// - Throws: `TorchError`.
    package func take(_ parameter: Parameter) throws {
        guard let slot = slots[parameter.name], !slot.isInPlace else { return }
        let values = parameter.tensors
        guard values.map(\.spec) == slot.tensors.map(\.spec), parameter.value.device == .cpu else {
            slots[parameter.name] = nil
            return
        }
        let ends = try parameter.sampledEnds()
        if slot.owner == rank {
            for (place, tensor) in zip(slot.tensors, values) { try place.assign(tensor.detached()) }
        }
        try parameter.hold(in: slot.tensors)
        parameter.keptEnds = ends
    }

    /// Gives a parameter its own memory on every rank, with the values that are at its place now.
    ///
    /// - Parameter name: The parameter's name.
    /// - Throws: `.outOfMemory`.
    package func giveBack(_ name: String) throws(TorchError) {
        guard let slot = slots.removeValue(forKey: name) else { return }
        try slot.parameter.hold(
            in: slot.tensors.map { (tensor) throws(TorchError) in try tensor.detached().copy() }
        )
    }

    /// Leaves out parameters that have got other values since ``take(_:)``; each rank has those.
    package func leaveOutReplaced() { slots = slots.filter { $1.isInPlace } }

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
