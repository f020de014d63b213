import Files
public import Foundation
import JSON
import Torch

/// Opens a model folder's weights: `model.safetensors`, the shards of `model.safetensors.index.json`, or without an index the
/// files of several processes, `shard-*-model-*-of-*.safetensors`.
///
/// - Parameter folder: A folder in the Hub's layout.
/// - Returns: The tensors of all files.
/// - Throws: `.missing` if there are no weights, `.unsupported` if there are only pickles, `.notAllowed` if a link leads out
///   of the folder; also the errors of ``SafetensorsFile``.
public func openCheckpoint(folder: URL) throws(CheckpointError) -> any Checkpoint {
    let path = folder.path(percentEncoded: false)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    if names.contains("model.safetensors") {
        return try SafetensorsFile(contentsOf: contained("model.safetensors", in: folder))
    }
    if names.contains(ShardedCheckpoint.indexName) { return try ShardedCheckpoint(folder: folder) }
    if names.contains(where: { RankShard.isShard($0, .model) }) {
        return try DistributedCheckpoint(folder: folder)
    }
    throw ForeignWeights(path: path, names: names).error
}

/// Returns a file of a folder; throws if a link leads out of the folder.
func contained(_ name: String, in folder: URL) throws(CheckpointError) -> URL {
    try asCheckpoint { () throws(FileError) in try containedFile(name, in: folder) }
}

/// A checkpoint of several safetensors files and an index.
///
/// As in transformers, it includes all tensors of all files that the index names, even tensors that the index does not list
/// (modeling_utils.py of transformers 5.23, `merged_state_dict`). The index's totals are ignored. A tensor that the index lists
/// in the wrong file, or that no file contains, produces a note. Two tensors with the same name are an error.
struct ShardedCheckpoint: Checkpoint {
    static let indexName = "model.safetensors.index.json"

    let tensorNames: [String]
    let notes: [String]
    private let shards: [String: SafetensorsFile]
    private let shardOfTensor: [String: String]

    init(folder: URL) throws(CheckpointError) {
        let url = try contained(Self.indexName, in: folder)
        let index = try asCheckpoint { () throws(FileError) in try MappedFile(contentsOf: url) }
        if let standIn = StandIn(index.bytes) {
            throw CheckpointError(.corrupt, standIn.message(at: index.path))
        }
        func corrupt(_ what: String) -> CheckpointError {
            CheckpointError(.corrupt, "\(index.path): \(what); download the model again")
        }
        let listed = try Self.weightMap(index, corrupt)
        var shards: [String: SafetensorsFile] = [:]
        for (tensor, name) in listed where shards[name] == nil {
            shards[name] = try Self.open(name, for: tensor, in: folder)
        }
        var shardOfTensor: [String: String] = [:]
        for (name, shard) in shards.sorted(by: { $0.key < $1.key }) {
            for tensor in shard.tensorNames {
                if let other = shardOfTensor[tensor] {
                    throw corrupt("tensor \(quoted(tensor)) is in \(other) and in \(name)")
                }
                shardOfTensor[tensor] = name
            }
        }
        notes = Self.notes(on: listed, shardOfTensor, index.path)
        self.shards = shards
        self.shardOfTensor = shardOfTensor
        tensorNames = shardOfTensor.keys.sorted()
    }

    /// Describes how the index differs from the files.
    private static func notes(
        on listed: [(tensor: String, file: String)],
        _ shardOfTensor: [String: String],
        _ path: String
    ) -> [String] {
        func named(_ tensors: [String]) -> String {
            tensors.prefix(3).map(quoted).joined(separator: ", ")
                + (tensors.count > 3 ? " and \(tensors.count - 3) more" : "")
        }
        func count(_ tensors: [String]) -> String {
            tensors.count == 1 ? "1 tensor" : "\(tensors.count) tensors"
        }
        let absent = listed.map(\.tensor).filter { shardOfTensor[$0] == nil }
        let moved = listed.filter { shardOfTensor[$0.tensor] != nil && shardOfTensor[$0.tensor] != $0.file }
            .map(\.tensor)
        var notes: [String] = []
        if !absent.isEmpty {
            notes.append(
                "\(path) lists \(count(absent)) that no file contains (\(named(absent))); as in transformers, "
                    + "that matters only if the model needs them"
            )
        }
        if !moved.isEmpty {
            notes.append(
                "\(path) lists \(count(moved)) in the wrong file (\(named(moved))); "
                    + "they are read from the files that contain them, as in transformers"
            )
        }
        return notes
    }

    /// Reads the index's list of tensors and their files.
    private static func weightMap(
        _ index: MappedFile,
        _ corrupt: (String) -> CheckpointError
    ) throws(CheckpointError) -> [(tensor: String, file: String)] {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(index.bytes)
        } catch { throw corrupt("not valid JSON: \(error)") }
        guard let weights = document["weight_map"].object else { throw corrupt("it has no `weight_map`") }
        var seen: Set<String> = []
        var listed: [(tensor: String, file: String)] = []
        for member in weights.members {
            guard let file = member.value.string else {
                throw corrupt("tensor \(quoted(member.name)) has no file name")
            }
            let isBeside =
                file.hasSuffix(".safetensors") && file.utf8.count <= 255
                && !file.unicodeScalars.contains { $0 == "/" || $0.value < 0x20 }
            guard isBeside else {
                throw corrupt(
                    "tensor \(quoted(member.name)) is listed in \(quoted(file)), which is not a file next to the index"
                )
            }
            guard seen.insert(member.name).inserted else {
                throw corrupt("tensor \(quoted(member.name)) is listed twice")
            }
            listed.append((member.name, file))
        }
        return listed
    }

    private static func open(
        _ name: String,
        for tensor: String,
        in folder: URL
    ) throws(CheckpointError) -> SafetensorsFile {
        do throws(CheckpointError) {
            return try SafetensorsFile(contentsOf: contained(name, in: folder))
        } catch  where error.code == .missing {
            throw CheckpointError(
                .missing,
                "\(error); it contains tensor \(quoted(tensor)) of the model: the download is not complete; start it again"
            )
        }
    }

    var aliases: [String: String] {
        let all = shards.sorted { $0.key < $1.key }.flatMap(\.value.aliases).filter {
            shardOfTensor[$0.key] == nil
        }
        return Dictionary(all.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    var files: [CheckpointFile] { shards.sorted { $0.key < $1.key }.flatMap(\.value.files) }

    private func shard(of name: String) -> SafetensorsFile? { shardOfTensor[name].flatMap { shards[$0] } }

    func info(_ name: String) -> TensorInfo? { shard(of: name)?.info(name) }

    func tensor(_ name: String) throws(CheckpointError) -> Tensor {
        guard let shard = shard(of: name) else {
            throw CheckpointError(.missing, "the checkpoint has no tensor \(quoted(name))")
        }
        return try shard.tensor(name)
    }

    func release(_ name: String) { shard(of: name)?.release(name) }
}
