import Files
package import Foundation
import JSON

/// The files in which the ranks of a group write a model's tensors.
///
/// It follows from names, sizes and owners alone, so every rank knows it without a message.
package struct ShardPlan: Sendable, Equatable {
    /// A tensor, and the rank that writes it.
    package struct Entry: Sendable, Equatable {
        let name: String
        /// The number of elements.
        let count: Int
        let byteCount: Int
        let owner: Int

        /// Describes a tensor.
        ///
        /// - Parameters:
        ///   - name: Its name.
        ///   - count: The number of elements.
        ///   - byteCount: Its size in the file.
        ///   - owner: The rank that writes it.
        package init(name: String, count: Int, byteCount: Int, owner: Int) {
            (self.name, self.count, self.byteCount, self.owner) = (name, count, byteCount, owner)
        }
    }

    private let entries: [Entry]
    /// The file of each tensor.
    private let files: [String: String]

    /// Divides tensors among files.
    ///
    /// - Parameters:
    ///   - entries: The tensors in the model's order.
    ///   - maxShardSize: The largest number of tensor bytes in one file.
    package init(_ entries: [Entry], maxShardSize: Int = 50_000_000_000) {
        self.entries = entries
        var places: [(tensor: String, rank: Int, file: Int)] = []
        var last: [Int: (file: Int, bytes: Int)] = [:]
        for entry in entries {
            var (file, bytes) = last[entry.owner] ?? (0, 0)
            if bytes > 0, bytes + entry.byteCount > maxShardSize { (file, bytes) = (file + 1, 0) }
            last[entry.owner] = (file, bytes + entry.byteCount)
            places.append((entry.name, entry.owner, file))
        }
        let count = (last.values.map { $0.file }.max() ?? 0) + 1
        files = Dictionary(
            places.map { ($0.tensor, RankShard.name(.model, rank: $0.rank, file: $0.file, of: count)) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// Returns the name of a tensor's file.
    ///
    /// - Parameter tensor: The tensor's name.
    /// - Returns: The name; nil if there is no such tensor.
    package func file(of tensor: String) -> String? { files[tensor] }

    /// Writes `model.safetensors.index.json`, with which transformers opens the files.
    ///
    /// - Parameter folder: The folder, in which all ranks have written their files.
    /// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
    package func writeIndex(to folder: URL) throws(CheckpointError) {
        try writeWeightIndex(
            entries.map { ($0.name, files[$0.name] ?? "") },
            elements: entries.reduce(0) { $0 + $1.count },
            bytes: entries.reduce(0) { $0 + $1.byteCount },
            to: folder
        )
    }
}

/// Writes the index of a model in several files.
///
/// - Parameters:
///   - files: Names of tensors, in the model's order, and of their files.
///   - elements: The number of elements of all tensors.
///   - bytes: The bytes of all tensors.
///   - folder: The folder.
/// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
func writeWeightIndex(
    _ files: [(tensor: String, file: String)],
    elements: Int,
    bytes: Int,
    to folder: URL
) throws(CheckpointError) {
    let index = JSONValue.object([
        "metadata": .object(["total_parameters": .int(elements), "total_size": .int(bytes)]),
        "weight_map": .object(JSONObject(files.map { ($0.tensor, JSONValue.string($0.file)) })),
    ])
    let data = Data(index.formatted.utf8)
    try asCheckpoint { () throws(FileError) in
        try writeAtomically(data, to: folder.appending(path: ShardedCheckpoint.indexName))
    }
}

/// Removes a model's weights from a folder, as far as possible.
///
/// - Parameters:
///   - folder: The folder.
///   - kept: The names of files to keep.
package func removeWeights(in folder: URL, except kept: Set<String> = []) {
    let path = folder.path(percentEncoded: false)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where !kept.contains(name) {
        let isModel = name.hasPrefix("model") && name.contains(".safetensors")
        guard isModel || RankShard.isShard(name, .model) else { continue }
        try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
}
