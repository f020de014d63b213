public import Torch

/// A GGUF file with the tensor names and values of the Hub's checkpoint.
///
/// A tensor that the architecture does not know keeps its name. Tables of rotary frequencies are left out, because the
/// configuration provides them as hyperparameters.
///
/// Source: transformers 5.23, modeling_gguf_pytorch_utils.py; gguf-py's tensor_mapping.py.
public struct HubNamedGGUF: Checkpoint {
    /// The supported values of a file's `general.architecture`, sorted.
    public static var architectures: [String] { GGUFArchitecture.all.keys.sorted() }

    private struct Entry: Sendable {
        var gguf: String
        var change: GGUFArchitecture.Change
    }

    /// A head that is in the metadata, because llama.cpp reads no head of its architecture.
    private struct Head: Sendable {
        static let name = "score.weight"
        var values: [Float]
        var shape: [Int]
    }

    /// The most rows that can be missing at the front of a table of positions.
    private static let mostCutRows = 4096

    /// Names of all tensors on the Hub, sorted.
    public let tensorNames: [String]
    private let file: GGUFFile
    private let entries: [String: Entry]
    private let headCount: Int
    private let keyValueHeadCount: Int
    private let positionOffset: Int
    private let head: Head?

    /// Wraps a file with the Hub's names.
    ///
    /// - Parameter file: A file of one of the supported ``architectures``.
    /// - Throws: `.unsupported` for another architecture or a part of a split model; `.corrupt` if head counts are missing, or
    ///   if a classification head does not fit.
    public init(_ file: GGUFFile) throws(CheckpointError) {
        try file.requireWhole()
        let path = file.files.first?.path ?? "the GGUF file"
        let name = file.metadata["general.architecture"]?.string ?? ""
        let modelType = file.metadata[GGUFKeys.modelType]?.string
        guard let architecture = GGUFArchitecture.of(name, modelType: modelType) else {
            throw CheckpointError(
                .unsupported,
                "\(path): GGUF models of architecture \(quoted(name)) are not supported; supported are: "
                    + Self.architectures.joined(separator: ", ")
            )
        }
        guard let heads = file.metadata["\(name).attention.head_count"]?.int, heads > 0 else {
            throw CheckpointError(.corrupt, "\(path) does not say how many attention heads its model has")
        }
        self.file = file
        headCount = heads
        keyValueHeadCount = file.metadata["\(name).attention.head_count_kv"]?.int ?? heads
        var entries: [String: Entry] = [:]
        for gguf in file.tensorNames where !GGUFArchitecture.rotaryTables.contains(gguf) {
            let (hub, change) = architecture.place(of: gguf) ?? (gguf, .none)
            guard entries[hub] == nil else {
                throw CheckpointError(.corrupt, "\(path): two tensors map to \(quoted(hub))")
            }
            entries[hub] = Entry(gguf: gguf, change: change)
        }
        let offset = file.metadata[GGUFKeys.positionOffset]?.int ?? 0
        guard (0...Self.mostCutRows).contains(offset) else {
            throw CheckpointError(
                .corrupt,
                "\(path): \(GGUFKeys.positionOffset) is \(offset), not a number of rows"
            )
        }
        positionOffset = offset
        head = try Self.head(file, architecture: name, path)
        guard head == nil || entries[Head.name] == nil else {
            throw CheckpointError(.corrupt, "\(path) has two classification heads")
        }
        self.entries = entries
        tensorNames = (entries.keys + (head == nil ? [] : [Head.name])).sorted()
    }

    /// The head in the metadata; nil if there is none.
    private static func head(
        _ file: GGUFFile,
        architecture: String,
        _ path: String
    ) throws(CheckpointError) -> Head? {
        guard let value = file.metadata[GGUFKeys.head] else { return nil }
        let width = file.metadata["\(architecture).embedding_length"]?.int ?? 0
        guard case .doubles(let numbers) = value, width > 0, !numbers.isEmpty,
            numbers.count.isMultiple(of: width)
        else {
            throw CheckpointError(
                .corrupt,
                "\(path): \(GGUFKeys.head) is not a list of rows of \(width) numbers, the model's embedding length"
            )
        }
        return Head(values: numbers.map(Float.init), shape: [numbers.count / width, width])
    }

    /// The file itself.
    public var files: [CheckpointFile] { file.files }

    /// Returns a tensor's shape and storage without reading it.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: Shape and storage, or nil if there is no such tensor.
    public func info(_ name: String) -> TensorInfo? {
        if let head, name == Head.name { return TensorInfo(shape: head.shape, storage: "F32") }
        guard let entry = entries[name], var info = file.info(entry.gguf) else { return nil }
        switch entry.change {
        case .transposed where info.shape.count == 2: info.shape.reverse()
        case .afterPadding where info.shape.count == 2:
            let shape = [info.shape[0] + positionOffset, info.shape[1]]
            return TensorInfo(shape: shape, storage: info.storage, partBytes: info.byteCount)
        default: break
        }
        return info
    }

    /// Reads a tensor and dequantizes it to float32.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: The tensor, on the CPU.
    /// - Throws: `.missing` if there is no such tensor; `.corrupt` if its rows do not divide into the heads.
    public func tensor(_ name: String) throws(CheckpointError) -> Tensor {
        if let head, name == Head.name {
            do throws(TorchError) {
                return try Tensor(head.values, shape: head.shape)
            } catch { throw CheckpointError(.inputOutput, "tensor \(quoted(name)): \(error)") }
        }
        guard let entry = entries[name] else {
            throw CheckpointError(.missing, "the GGUF file has no tensor \(quoted(name))")
        }
        let tensor = try file.tensor(entry.gguf)
        let (shape, rest) = (tensor.shape, Array(tensor.shape.dropFirst()))
        let rows = shape.first ?? 0
        do throws(TorchError) {
            switch entry.change {
            case .none: return tensor
            case .interleavedQueries, .interleavedKeys:
                let heads = if case .interleavedKeys = entry.change { keyValueHeadCount } else { headCount }
                guard heads > 0, heads <= rows, rows.isMultiple(of: heads * 2) else { break }
                return try tensor.reshaped([heads, rows / heads / 2, 2] + rest).transposed(1, 2)
                    .contiguous().reshaped(shape)
            case .grouped:
                guard headCount <= rows, rows.isMultiple(of: headCount * 3) else { break }
                return try tensor.reshaped([3, headCount, rows / headCount / 3] + rest).transposed(0, 1)
                    .contiguous().reshaped(shape)
            case .plusOne: return try tensor + -1
            case .transposed: return shape.count == 2 ? try tensor.transposed(0, 1).contiguous() : tensor
            case .afterPadding:
                guard shape.count == 2, positionOffset > 0 else { return tensor }
                // No token has these positions, except padding, which packed batches do not have.
                let missing = try Tensor.zeros([positionOffset, shape[1]])
                return try Tensor.concatenated([missing, tensor])
            }
        } catch {
            throw CheckpointError(.inputOutput, "tensor \(quoted(entry.gguf)): \(error)")
        }
        throw unevenHeads(entry.gguf, shape)
    }

    private func unevenHeads(_ name: String, _ shape: [Int]) -> CheckpointError {
        CheckpointError(
            .corrupt,
            "tensor \(quoted(name)) of shape \(shape) does not divide into the \(headCount) attention heads "
                + "(\(keyValueHeadCount) key heads) that the file's metadata states"
        )
    }

    /// Drops a tensor's pages from this process's memory; they are read again when they are used again.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    public func release(_ name: String) {
        if let entry = entries[name] { file.release(entry.gguf) }
    }

    /// Returns a matrix of blocks `[out, in]` without reading it; for GPT-2, too, whose ``tensor(_:)`` is `[in, out]`.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: The matrix with the Hub's order of rows, which keeps the file mapped; nil for other tensors.
    /// - Throws: `.missing` if there is no such tensor; `.corrupt` if its rows do not divide into the heads.
    public func quantized(_ name: String) throws(CheckpointError) -> QuantizedMatrix? {
        if head != nil, name == Head.name { return nil }
        guard let entry = entries[name] else {
            throw CheckpointError(.missing, "the GGUF file has no tensor \(quoted(name))")
        }
        return try file.quantized(entry.gguf) { rows throws(CheckpointError) in
            let order: GGUFStoredRows.Order? =
                switch entry.change {
                case .none, .transposed: .same
                case .interleavedQueries: .interleaved(heads: headCount)
                case .interleavedKeys: .interleaved(heads: keyValueHeadCount)
                case .grouped: .grouped(heads: headCount)
                case .plusOne, .afterPadding: nil
                }
            guard order?.fits(rows) ?? true else {
                throw unevenHeads(entry.gguf, file.info(entry.gguf)?.shape ?? [])
            }
            return order
        }
    }
}
