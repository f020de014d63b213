import Files
public import Foundation
import JSON
public import Torch

/// Writes tensors to one `.safetensors` file, byte for byte like Python's `safetensors.torch.save_file`.
///
/// - Parameters:
///   - tensors: Names and values in any order; the format defines the order in the file.
///   - file: The destination, written atomically.
///   - metadata: The header's `__metadata__`.
///   - bypassesCache: Whether to bypass the system's page cache if the disk supports that.
///   - written: Called with the name of each tensor after it was written.
///   - writing: Called with the name of each tensor before its values are read.
/// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`; the error of `writing`.
///
/// Source: safetensors/src/tensor.rs, `prepare`: widest dtype first, then by name; the header is padded to 8 bytes.
public func writeSafetensors(
    _ tensors: [(name: String, tensor: Tensor)],
    to file: URL,
    metadata: [String: String] = ["format": "pt"],
    bypassesCache: Bool = false,
    written: (_ name: String) -> Void = { _ in },
    writing: (_ name: String) throws(CheckpointError) -> Void = { _ in }
) throws(CheckpointError) {
    let names = Dictionary(uniqueKeysWithValues: SafetensorsFile.dtypes.map { ($0.value, $0.key) })
    let ordered = tensors.sorted { a, b in
        let (left, right) = (rank(a.tensor.dtype), rank(b.tensor.dtype))
        return left == right ? Array(a.name.utf8).lexicographicallyPrecedes(Array(b.name.utf8)) : left > right
    }
    var header =
        "{\"__metadata__\":\(JSONValue.object(JSONObject(metadata.map { ($0, .string($1)) }).sorted).compact)"
    var offset = 0
    for (name, tensor) in ordered {
        let end = offset + tensor.count * tensor.dtype.byteWidth
        let shape = tensor.shape.map(String.init).joined(separator: ",")
        header += ",\(JSONValue.string(name).compact):{\"dtype\":\"\(names[tensor.dtype] ?? "F32")\","
        header += "\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
        offset = end
    }
    header += "}"
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    var output = try asCheckpoint { () throws(FileError) in
        try AtomicFile(at: file, bypassesCache: bypassesCache)
    }
    let size = UInt64(header.utf8.count)
    let start = (0..<8).map { UInt8(truncatingIfNeeded: size >> ($0 * 8)) } + Array(header.utf8)
    try asCheckpoint { () throws(FileError) in try output.write(start) }
    for (name, tensor) in ordered {
        try writing(name)
        let contiguous: Tensor
        do throws(TorchError) {
            contiguous = try tensor.to(device: .cpu).contiguous()
        } catch {
            throw CheckpointError(.inputOutput, "cannot write tensor \"\(name)\": \(error)")
        }
        try withExtendedLifetime(contiguous) { () throws(CheckpointError) in
            try asCheckpoint { () throws(FileError) in try output.write(contiguous.memory) }
        }
        written(name)
    }
    try asCheckpoint { () throws(FileError) in try output.commit() }
}

/// The position of a dtype in safetensors' order, narrowest first.
private func rank(_ dtype: DType) -> Int {
    let ascending: [DType] = [
        .bool, .uint8, .int8, .int16, .float16, .bfloat16, .int32, .float32, .float64, .int64,
    ]
    return ascending.firstIndex(of: dtype) ?? 0
}

/// Writes a model's weights in the Hub's layout: `model.safetensors`, or shards and their index.
///
/// - Parameters:
///   - tensors: Names and values, in the model's order.
///   - folder: The destination, created if needed; shards of an earlier save are removed.
///   - maxShardSize: The largest number of tensor bytes in one file.
///   - bypassesCache: Whether to bypass the system's page cache if the disk supports that.
///   - written: Called with the name of each tensor after it was written.
///   - writing: Called with the name of each tensor before its values are read.
/// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`; the error of `writing`.
///
/// Source: `split_torch_state_dict_into_shards` of huggingface_hub; `PreTrainedModel.save_pretrained`.
public func saveSafetensors(
    _ tensors: [(name: String, tensor: Tensor)],
    toFolder folder: URL,
    maxShardSize: Int = 50_000_000_000,
    bypassesCache: Bool = false,
    written: (_ name: String) -> Void = { _ in },
    writing: (_ name: String) throws(CheckpointError) -> Void = { _ in }
) throws(CheckpointError) {
    var shards: [[(name: String, tensor: Tensor)]] = [[]]
    var size = 0
    for (name, tensor) in tensors {
        let bytes = tensor.count * tensor.dtype.byteWidth
        if size + bytes > maxShardSize, !shards[shards.count - 1].isEmpty {
            shards.append([])
            size = 0
        }
        shards[shards.count - 1].append((name, tensor))
        size += bytes
    }
    let names =
        shards.count == 1
        ? ["model.safetensors"]
        : (1...shards.count).map { "model-\(padded($0))-of-\(padded(shards.count)).safetensors" }
    for (name, shard) in zip(names, shards) {
        try writeSafetensors(
            shard,
            to: folder.appending(path: name),
            bypassesCache: bypassesCache,
            written: written,
            writing: writing
        )
    }
    var kept = Set(names)
    if shards.count > 1 {
        try writeWeightIndex(
            zip(names, shards).flatMap { name, shard in shard.map { (tensor: $0.name, file: name) } },
            elements: tensors.reduce(0) { $0 + $1.tensor.count },
            bytes: tensors.reduce(0) { $0 + $1.tensor.count * $1.tensor.dtype.byteWidth },
            to: folder
        )
        kept.insert(ShardedCheckpoint.indexName)
    }
    removeWeights(in: folder, except: kept)
}
