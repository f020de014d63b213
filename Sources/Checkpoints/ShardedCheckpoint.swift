import Files
public import Foundation
import JSON
import Torch

/// Opens a model folder's weights: `model.safetensors`, or the shards of `model.safetensors.index.json`.
///
/// - Parameter folder: In the Hub's layout.
/// - Returns: The tensors of all files together.
/// - Throws: `.missing` where there are none, `.unsupported` where there are only pickles; what the files' readers throw.
public func openCheckpoint(folder: URL) throws(CheckpointError) -> any Checkpoint {
    func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: name).path(percentEncoded: false))
    }
    if exists("model.safetensors") {
        return try SafetensorsFile(contentsOf: folder.appending(path: "model.safetensors"))
    }
    if exists("model.safetensors.index.json") { return try ShardedCheckpoint(folder: folder) }
    let path = folder.path(percentEncoded: false)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    if let pickle = names.first(where: { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") || $0.hasSuffix(".pth") }
    ) {
        throw CheckpointError(
            .unsupported,
            "\(path) holds its weights as a pickle (\(pickle)), which can run code when it is opened; convert it once: "
                + "python3 -c \"from transformers import AutoModel; "
                + "AutoModel.from_pretrained('\(path)').save_pretrained('\(path)')\""
        )
    }
    throw CheckpointError(
        .missing,
        "\(path) holds no weights: neither model.safetensors nor model.safetensors.index.json is there"
    )
}

/// Several safetensors files that an index ties together.
struct ShardedCheckpoint: Checkpoint {
    let tensorNames: [String]
    private let files: [String: SafetensorsFile]
    private let map: [String: String]

    init(folder: URL) throws(CheckpointError) {
        let index = folder.appending(path: "model.safetensors.index.json")
        let mapped = try asCheckpoint { () throws(FileError) in try MappedFile(contentsOf: index) }
        func corrupt(_ what: String) -> CheckpointError {
            CheckpointError(.corrupt, "\(mapped.path): \(what)")
        }
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(mapped.bytes)
        } catch { throw corrupt("not JSON, \(error)") }
        guard let weights = document["weight_map"].object else { throw corrupt("there is no `weight_map`") }
        var map: [String: String] = [:]
        var files: [String: SafetensorsFile] = [:]
        for member in weights.members {
            let name = member.name
            guard let file = member.value.string else { throw corrupt("tensor \"\(name)\" has no file name") }
            guard !file.contains("/"), file != "..", file.hasSuffix(".safetensors") else {
                throw corrupt(
                    "tensor \"\(name)\" is said to lie in \"\(file)\", which is no file beside the index"
                )
            }
            if files[file] == nil {
                files[file] = try SafetensorsFile(contentsOf: folder.appending(path: file))
            }
            guard files[file]?.info(name) != nil else {
                throw corrupt("tensor \"\(name)\" is not in \(file)")
            }
            map[name] = file
        }
        self.map = map
        self.files = files
        tensorNames = map.keys.sorted()
    }

    private func file(of name: String) -> SafetensorsFile? { map[name].flatMap { files[$0] } }

    func info(_ name: String) -> TensorInfo? { file(of: name)?.info(name) }

    func tensor(_ name: String) throws(CheckpointError) -> Tensor {
        guard let file = file(of: name) else {
            throw CheckpointError(.missing, "the checkpoint has no tensor \"\(name)\"")
        }
        return try file.tensor(name)
    }
}
