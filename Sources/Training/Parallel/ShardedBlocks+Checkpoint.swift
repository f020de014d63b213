package import Models
package import NN
import ProcessGroups
package import Torch

// Checkpoints of a divided model. Rank 0 reads or writes the usual files, one tensor after another, and tells the others which
// values it sends or needs.
extension ShardedBlocks {
    /// The next action of the others.
    private enum Order {
        case end
        /// Rank 0 needs the values of a block.
        case fetch(block: Int)
        /// Rank 0 sends the values of a parameter.
        case receive(index: Int)

        init(_ numbers: [Int64]) {
            switch numbers[0] {
            case 1: self = .fetch(block: Int(numbers[1]))
            case 2: self = .receive(index: Int(numbers[1]))
            default: self = .end
            }
        }

        var numbers: [Int64] {
            switch self {
            case .end: [0, 0]
            case .fetch(let block): [1, Int64(block)]
            case .receive(let index): [2, Int64(index)]
            }
        }
    }

    private static let activity = "exchanging a checkpoint's weights"

    /// Reads or writes a checkpoint on rank 0, while the others call ``follow()``.
    ///
    /// - Parameter body: Reads values by ``assign(_:to:)`` or writes them after ``prepare(_:)``.
    /// - Returns: The result of `body`.
    /// - Throws: The errors of `body`; `DistributedError`.
    func lead<Result>(_ body: () throws -> Result) throws -> Result {
        isLeading = true
        defer { isLeading = false }
        let result = try reportingFailure(body)
        try send(.end)
        try forget()
        return result
    }

    /// Takes part in reading or writing a checkpoint while rank 0 calls ``lead(_:)``.
    ///
    /// - Throws: `DistributedError` or `TorchError`.
    func follow() throws {
        var order = try received()
        while true {
            switch order {
            case .end:
                try forget()
                return
            case .fetch(let block): try fetch(block)
            case .receive(let index): try receive(shards.all[index])
            }
            order = try received()
        }
    }

    /// Runs a step that rank 0 leads and the others follow.
    ///
    /// - Parameter body: Runs on rank 0.
    /// - Throws: The errors of `body`; `DistributedError`; `TorchError`.
    func together(_ body: () throws -> Void) throws {
        if group.isFirst { try lead(body) } else { try follow() }
    }

    private func send(_ order: Order) throws {
        try group.broadcast([(tensor: Tensor(order.numbers), root: 0)], Self.activity)
    }

    private func received() throws -> Order {
        let numbers = try Tensor([0, 0] as [Int64])
        try group.broadcast([(tensor: numbers, root: 0)], Self.activity)
        return Order(try numbers.array(of: Int64.self))
    }

    private func receive(_ slot: BlockShards.Slot) throws {
        let place = slot.tensors[0]
        let target =
            slot.owner == group.rank
            ? try place.detached() : try Tensor.empty(place.shape, dtype: place.dtype)
        try group.broadcast([(tensor: target, root: 0)], Self.activity)
    }

    /// Gives the values of a parameter to their owner; within ``lead(_:)``.
    ///
    /// - Parameters:
    ///   - values: The values, in the parameter's shape.
    ///   - parameter: The parameter.
    /// - Throws: `TorchError`.
    package func assign(_ values: Tensor, to parameter: Parameter) throws(TorchError) {
        guard let slot = shards[parameter.name] else { return try parameter.value.assign(values) }
        try requireLead(parameter.name)
        guard parameter.quantized == nil else {
            throw TorchError(
                operation: parameter.name,
                message: "is quantized and frozen, so its values cannot be replaced"
            )
        }
        let place = slot.tensors[0]
        guard values.shape == place.shape else {
            throw TorchError(
                operation: parameter.name,
                message: "has shape \(place.shape), but got values of shape \(values.shape)"
            )
        }
        guard slot.owner != group.rank else { return try place.assign(values) }
        try keepingFailure {
            guard let index = shards.index(of: parameter.name) else { return }
            try send(.receive(index: index))
            let sent = try values.detached().to(dtype: place.dtype, device: .cpu).contiguous()
            try group.broadcast([(tensor: sent, root: 0)], Self.activity)
        }
    }

    /// Receives the values of a parameter before they are written; within ``lead(_:)``.
    ///
    /// - Parameter name: The parameter's name.
    /// - Throws: `TorchError`.
    package func prepare(_ name: String) throws(TorchError) {
        guard let slot = shards[name] else { return }
        try requireLead(name)
        guard slot.block != current else { return }
        try keepingFailure {
            try send(.fetch(block: slot.block))
            try fetch(slot.block)
        }
    }

    private func requireLead(_ name: String) throws(TorchError) {
        guard !isLeading else { return }
        throw TorchError(
            operation: name,
            message:
                "the values are divided among \(group.size) processes, which must read and write them together"
        )
    }

    /// Gives rank 0 the whole model; the other ranks cannot use theirs any more.
    ///
    /// All ranks call it after the last pass.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - isEverywhere: Whether every rank gets the whole model.
    /// - Throws: `DistributedError` or `TorchError`.
    package func unite(_ model: SequenceClassifier, everywhere isEverywhere: Bool = false) throws {
        let isKept = isEverywhere || group.isFirst
        try fetchAll(keeping: isKept)
        gradients = nil
        model.blockWeights = isKept ? nil : shards
        if isKept { for slot in shards.all { slot.parameter.keptEnds = nil } }
    }

    /// Parts the ranks after a run that was stopped: none of them can use its model any more.
    ///
    /// - Parameter model: The model.
    package func disconnect(_ model: SequenceClassifier) { model.blockWeights = shards }
}
