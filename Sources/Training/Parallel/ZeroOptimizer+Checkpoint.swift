import Checkpoints
import Foundation
import NN
import ProcessGroups
import Torch

// The divided state in a checkpoint: the same file as that of an undivided optimizer, so any number of processes resumes it.
extension ZeroOptimizer {
    private static let activity = "saving the optimizer's state"

    /// Writes all ranks' state on rank 0, while the others call ``sendState()``.
    ///
    /// The tensors of other ranks come one at a time, so rank 0 never has the whole state in memory.
    ///
    /// - Parameter file: The file.
    /// - Throws: `CheckpointError` if it cannot be written; `DistributedError`; `TorchError`.
    func writeState(to file: URL) throws {
        let (own, room) = (ownState, try roomForOthers())
        var tensors: [String: Tensor] = [:]
        for part in layout { tensors[part.name] = try own[part.name] ?? room.tensor(for: part) }
        let order = orderInFile
        var (next, failure) = (0, (any Error)?.none)
        // Gets the file's next tensor from its owner.
        func receive() {
            guard failure == nil, next < order.count else { return }
            let part = order[next]
            next += 1
            guard part.owner != group.rank, let tensor = tensors[part.name] else { return }
            do { try group.copy([(tensor: tensor, root: part.owner)], Self.activity) } catch {
                failure = error
            }
        }
        receive()
        // Tensors of other ranks share memory: each is received after the one before it was written.
        try writeSafetensors(
            layout.compactMap { part in tensors[part.name].map { (name: part.name, tensor: $0) } },
            to: file,
            bypassesCache: true
        ) { name in
            if failure == nil, name != order[next - 1].name {
                failure = CheckpointError(.inputOutput, "\(name) is not in the order of its file")
            }
            receive()
        }
        if let failure { throw failure }
    }

    /// Sends this rank's state to rank 0, which calls ``writeState(to:)``.
    ///
    /// - Throws: `DistributedError`; `TorchError`.
    func sendState() throws {
        let (own, room) = (ownState, try roomForOthers())
        for part in orderInFile where part.owner != 0 {
            let tensor = try own[part.name]?.to(device: .cpu) ?? room.tensor(for: part)
            try group.copy([(tensor: tensor, root: part.owner)], Self.activity)
        }
    }

    /// Restores the state from rank 0's checkpoint.
    ///
    /// - Parameters:
    ///   - stepCount: The number of steps taken.
    ///   - file: The saved state on rank 0; nil on other ranks.
    /// - Throws: `CheckpointError` if a tensor cannot be read; `TorchError` if it does not fit; `DistributedError`.
    func restore(stepCount: Int, from file: (any Checkpoint)?) throws {
        let (own, room) = (ownState, try file == nil ? roomForOthers() : nil)
        for part in layout {
            let target = own[part.name]
            var sent = try (target?.device == .cpu ? target : nil) ?? room?.tensor(for: part)
            if let file {
                let saved = try file.tensor(part.name)
                try Optimizer.requireFit(of: saved, name: part.name, shape: part.shape, dtype: part.dtype)
                sent = saved
            }
            guard let sent else { continue }
            if part.owner != 0 {
                try group.copy([(tensor: sent, root: 0)], "sharing the optimizer's state")
            }
            if let target, target !== sent, part.owner == group.rank {
                try target.assignDifferences(from: sent)
            }
            file?.release(part.name)
        }
        optimizer.resume(after: stepCount)
    }

    /// This rank's tensors by name.
    private var ownState: [String: Tensor] {
        Dictionary(uniqueKeysWithValues: optimizer.state.map { ($0.name, $0.tensor) })
    }

    /// The order of ``layout``'s tensors in a file: the widest type first, then by name.
    private var orderInFile: [StatePart] {
        layout.sorted {
            let (left, right) = ($0.dtype.byteWidth, $1.dtype.byteWidth)
            return left == right
                ? Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) : left > right
        }
    }

    /// Memory of the CPU for one tensor of another rank.
    private func roomForOthers() throws(TorchError) -> Room {
        try Room(layout.filter { $0.owner != group.rank })
    }
}

/// Memory that the tensors of other ranks use one after another.
private struct Room {
    private var memory: [DType: Tensor] = [:]

    /// Creates memory for the largest tensor of each type.
    init(_ parts: [ZeroOptimizer.StatePart]) throws(TorchError) {
        for (dtype, parts) in Dictionary(grouping: parts, by: \.dtype) {
            memory[dtype] = try .empty([parts.map(\.count).max() ?? 0], dtype: dtype)
        }
    }

    /// A tensor that shares the memory with all others of its type.
    func tensor(for part: ZeroOptimizer.StatePart) throws(TorchError) -> Tensor {
        guard let memory = memory[part.dtype], memory.count >= part.count else {
            return try .empty(part.shape, dtype: part.dtype)
        }
        return try memory.narrowed(0, to: 0..<part.count).reshaped(part.shape)
    }
}
