import NN
import ProcessGroups
import Torch

/// An optimizer whose state is divided among the ranks of a group, by whole parameters: ZeRO-1.
///
/// All ranks have all gradients, except for parameters whose values they do not have either (``ShardedBlocks``). Each rank updates its own parameters and then sends their values to the others, so the weights
/// are those of an undivided optimizer, to the bit.
///
/// Source: Rajbhandari et al. 2020; `ZeroRedundancyOptimizer` of torch (zero_redundancy_optimizer.py:679).
final class ZeroOptimizer {
    /// The optimizer of this rank's parameters.
    let optimizer: Optimizer
    let group: ProcessGroup
    /// All ranks' state tensors, in the order of an undivided optimizer's state.
    let layout: [StatePart]
    /// The parameters of all ranks, and their owners.
    private let parameters: [(parameter: Parameter, owner: Int)]
    /// The parameters that are sent alone.
    private let large: [(parameter: Parameter, owner: Int)]
    private let parcels: [Parcel]

    /// A tensor of the state, and the rank that has it.
    struct StatePart: Sendable, Equatable {
        var name: String
        var shape: [Int]
        var dtype: DType
        var owner: Int

        /// The number of elements.
        var count: Int { shape.reduce(1, *) }
    }

    /// The rank that updates a parameter, by its name.
    var owners: [String: Int] {
        Dictionary(parameters.map { ($0.parameter.name, $0.owner) }, uniquingKeysWith: { first, _ in first })
    }

    /// Creates the optimizer of a group's rank.
    ///
    /// - Parameters:
    ///   - rule: The rule.
    ///   - groups: The parameter groups of all ranks, which are equal on all ranks.
    ///   - roundingSeed: Seed of the random bits that round bfloat16 parameters.
    ///   - group: The ranks.
    ///   - placed: The ranks of parameters whose values the other ranks do not have, and do not get, by name.
    ///   - smallest: Parameters with fewer elements are sent together, because each message takes time.
    /// - Throws: `.outOfMemory`.
    init(
        _ rule: any OptimizerRule,
        _ groups: [ParameterGroup],
        roundingSeed: UInt64,
        in group: ProcessGroup,
        placed: [String: Int] = [:],
        smallest: Int = 1 << 14
    ) throws(TorchError) {
        let shared = groups.map { members in
            var shared = members
            shared.parameters.removeAll { placed[$0.name] != nil }
            return shared
        }
        let owners = Self.owners(of: shared, ranks: group.size).merging(placed) { $1 }
        func owner(of parameter: Parameter) -> Int { owners[parameter.name, default: 0] }
        self.group = group
        optimizer = try Optimizer(
            rule,
            groups.map { members in
                var own = members
                own.parameters.removeAll { owner(of: $0) != group.rank }
                return own
            },
            roundingSeed: roundingSeed
        )
        var layout: [StatePart] = []
        for parameter in groups.flatMap(\.parameters) {
            // One parameter's state exists at a time.
            for (name, tensor) in try rule.initialState(of: parameter) {
                layout.append(
                    StatePart(
                        name: "\(parameter.name).\(name)",
                        shape: tensor.shape,
                        dtype: tensor.dtype,
                        owner: owner(of: parameter)
                    )
                )
            }
        }
        self.layout = layout
        let all = groups.flatMap(\.parameters).map { (parameter: $0, owner: owner(of: $0)) }
        func isSmall(_ parameter: Parameter) -> Bool { parameter.shape.reduce(1, *) < smallest }
        parameters = all
        let sent = all.filter { placed[$0.parameter.name] == nil }
        large = Self.alternating(sent.filter { !isSmall($0.parameter) })
        parcels = try Self.parcels(sent.filter { isSmall($0.parameter) })
    }

    /// Divides parameters among ranks: within each group the largest first, each to the rank with the fewest weights so far.
    ///
    /// - Parameters:
    ///   - groups: The parameter groups.
    ///   - ranks: The number of ranks.
    /// - Returns: The rank of each parameter, by its name.
    static func owners(of groups: [ParameterGroup], ranks: Int) -> [String: Int] {
        var (sizes, owners) = ([Int](repeating: 0, count: max(ranks, 1)), [String: Int]())
        for group in groups {
            let sized = group.parameters.enumerated().map { ($1.name, $1.shape.reduce(1, *), $0) }
            // Of equal sizes the first comes first.
            for (name, size, _) in sized.sorted(by: { ($1.1, $0.2) < ($0.1, $1.2) }) {
                let rank = sizes.indices.min { sizes[$0] < sizes[$1] } ?? 0
                owners[name] = rank
                sizes[rank] += size
            }
        }
        return owners
    }

    /// Updates every parameter with a gradient on its owner, sends the values to all ranks, and clears the gradients.
    ///
    /// - Parameters:
    ///   - learningRate: The learning rate of this step.
    ///   - gradientScale: The factor that is first applied to every gradient.
    /// - Throws: `TorchError`; `DistributedError`.
    func step(learningRate: Double, gradientScale: Double) throws {
        try optimizer.step(learningRate: learningRate, gradientScale: gradientScale)
        for (parameter, owner) in parameters where owner != group.rank { try parameter.clearGradient() }
        try shareUpdates()
    }

    /// Sends the owners' values to all ranks.
    ///
    /// Also all rows of the token embedding, although only those of a step's texts have gradients (``TableGradient``): moments change
    /// every row that was ever used, also in steps without it, and weight decay changes all rows.
    private func shareUpdates() throws {
        for parcel in parcels where parcel.owner == group.rank { try parcel.fill() }
        try group.copy(
            large.map { (tensor: $0.parameter.value, root: $0.owner) }
                + parcels.map { (tensor: $0.buffer, root: $0.owner) },
            "exchanging updated weights"
        )
        for parcel in parcels where parcel.owner != group.rank { try parcel.empty() }
    }

    /// Orders parameters so that their owners alternate, because several are sent at once.
    private static func alternating(
        _ parameters: [(parameter: Parameter, owner: Int)]
    ) -> [(parameter: Parameter, owner: Int)] {
        let byOwner = Dictionary(grouping: parameters) { $0.owner }
        let rounds = byOwner.values.map(\.count).max() ?? 0
        return (0..<rounds).flatMap { round in
            byOwner.keys.sorted().compactMap { owner in
                byOwner[owner].flatMap { round < $0.count ? $0[round] : nil }
            }
        }
    }

    /// Packs small parameters by rank and type.
    private static func parcels(
        _ small: [(parameter: Parameter, owner: Int)]
    ) throws(TorchError) -> [Parcel] {
        var parcels: [Parcel] = []
        for owner in Set(small.map(\.owner)).sorted() {
            for dtype in DType.allCases {
                let members = small.filter { $0.owner == owner && $0.parameter.value.dtype == dtype }
                guard !members.isEmpty else { continue }
                parcels.append(try Parcel(members.map(\.parameter), dtype, owner: owner))
            }
        }
        return parcels
    }
}

/// Small parameters of one rank, whose values are sent together.
private struct Parcel {
    let owner: Int
    /// All values, one parameter after another.
    let buffer: Tensor
    private let parameters: [(parameter: Parameter, range: Range<Int>)]

    init(_ parameters: [Parameter], _ dtype: DType, owner: Int) throws(TorchError) {
        self.owner = owner
        var (places, start) = ([(parameter: Parameter, range: Range<Int>)](), 0)
        for parameter in parameters {
            let end = start + parameter.shape.reduce(1, *)
            places.append((parameter, start..<end))
            start = end
        }
        self.parameters = places
        buffer = try .empty([start], dtype: dtype, device: parameters.first?.value.device ?? .cpu)
    }

    /// Copies the parameters' values into ``buffer``.
    func fill() throws(TorchError) {
        for (parameter, range) in parameters {
            try slice(parameter, range).assign(parameter.value.detached())
        }
    }

    /// Copies the values of ``buffer`` into the parameters.
    func empty() throws(TorchError) {
        for (parameter, range) in parameters { try parameter.value.assign(slice(parameter, range)) }
    }

    private func slice(_ parameter: Parameter, _ range: Range<Int>) throws(TorchError) -> Tensor {
        try buffer.narrowed(0, to: range).reshaped(parameter.shape)
    }
}
