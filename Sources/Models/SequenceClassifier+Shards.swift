package import Checkpoints
package import Foundation
import NN
import Torch

/// The part of a model's files that one rank of a group writes.
package struct ModelShard: Sendable {
    /// The files of all ranks.
    package let plan: ShardPlan
    /// The rank that writes the part.
    package let rank: Int
    /// The rank that writes a parameter, by its name.
    private let owners: [String: Int]

    fileprivate init(_ plan: ShardPlan, rank: Int, _ owners: [String: Int]) {
        (self.plan, self.rank, self.owners) = (plan, rank, owners)
    }

    /// Whether the rank writes a parameter.
    ///
    /// - Parameter parameter: The parameter's name.
    /// - Returns: True for exactly one rank.
    package func contains(_ parameter: String) -> Bool { owners[parameter, default: 0] == rank }
}

// A model that several processes write together, each its own tensors.
extension SequenceClassifier {
    /// Divides the model's files among ranks.
    ///
    /// All ranks get the same division from equal models.
    ///
    /// - Parameters:
    ///   - rank: This rank.
    ///   - ranks: The number of ranks.
    ///   - owners: The ranks of parameters that belong to one rank already, by name. The others are divided by bytes, the largest
    ///     first.
    ///   - purpose: The purpose of the saved model.
    /// - Returns: The part of this rank.
    /// - Throws: `.unsupported` for matrices in GGUF's blocks.
    package func shard(
        _ rank: Int,
        of ranks: Int,
        owners: [String: Int],
        for purpose: SavingPurpose
    ) throws -> ModelShard {
        let sizes = try parameters.parameters.map { try savedSizes(of: $0, for: purpose) }
        let bytes = sizes.map { $0.reduce(0) { $0 + $1.bytes } }
        var loads = [Int](repeating: 0, count: max(ranks, 1))
        var owners = owners.filter { loads.indices.contains($0.value) }
        var free: [Int] = []
        for (index, parameter) in parameters.parameters.enumerated() {
            if let owner = owners[parameter.name] { loads[owner] += bytes[index] } else { free.append(index) }
        }
        for (index, owner) in zip(free, BlockShards.owners(of: free.map { bytes[$0] }, &loads)) {
            owners[parameters.parameters[index].name] = owner
        }
        var entries: [ShardPlan.Entry] = []
        for (parameter, tensors) in zip(parameters.parameters, sizes) {
            for tensor in tensors {
                entries.append(
                    ShardPlan.Entry(
                        name: tensor.name,
                        count: tensor.count,
                        byteCount: tensor.bytes,
                        owner: owners[parameter.name, default: 0]
                    )
                )
            }
        }
        return ModelShard(ShardPlan(entries), rank: rank, owners)
    }

    /// The sizes of a parameter's tensors in a file, without reading its values, which another rank may have.
    private func savedSizes(
        of parameter: Parameter,
        for purpose: SavingPurpose
    ) throws -> [(name: String, count: Int, bytes: Int)] {
        guard parameter.quantized == nil else {
            return try savedTensors(of: parameter, for: purpose).map { name, tensor in
                (name, tensor.count, tensor.count * tensor.dtype.byteWidth)
            }
        }
        let count = parameter.shape.reduce(1, *)
        return [(parameter.name, count, count * savedDType(of: parameter, for: purpose).byteWidth)]
    }

    /// Writes the weights of a rank, each file atomically.
    ///
    /// - Parameters:
    ///   - shard: The rank's part.
    ///   - folder: The folder that all ranks write to.
    ///   - purpose: The purpose of the saved model.
    /// - Throws: `CheckpointError` if a file cannot be written; `TorchError`.
    package func save(_ shard: ModelShard, to folder: URL, for purpose: SavingPurpose) throws {
        var files: [String: [(name: String, tensor: Tensor)]] = [:]
        for parameter in parameters.parameters where shard.contains(parameter.name) {
            for (name, tensor) in try savedTensors(of: parameter, for: purpose) {
                guard let file = shard.plan.file(of: name) else { continue }
                files[file, default: []].append((name, tensor))
            }
        }
        for (file, tensors) in files.sorted(by: { $0.key < $1.key }) {
            try RankShard.write(
                tensors,
                to: folder.appending(path: file),
                bypassesCache: purpose == .resumption
            )
        }
    }
}
