import Files
package import Foundation
import JSON
package import Torch

/// A checkpoint to which several processes have written, without an index: `shard-*-model-*-of-*.safetensors`.
///
/// Each file says in its header where its tensors are in the whole ones. A tensor is in one file, or it is cut along its first
/// dimension; the parts must cover it exactly.
///
/// Source: `HuggingFaceStorageReader` of torch 2.13 (torch/distributed/checkpoint/hf_storage.py).
package struct DistributedCheckpoint: Checkpoint {
    /// Some rows of a tensor.
    private struct Part {
        /// The index of its file.
        let file: Int
        let rows: Range<Int>
        let info: TensorInfo
    }

    package let tensorNames: [String]
    private let shards: [SafetensorsFile]
    /// The parts of each tensor, in their order.
    private let parts: [String: [Part]]
    private let infos: [String: TensorInfo]
    private let path: String

    /// Opens all files of a folder.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - kind: The content of the files.
    /// - Throws: `.missing` if there are no such files; `.corrupt` if parts of a tensor overlap, do not fit or are missing;
    ///   `.unsupported` for a tensor that is cut along another dimension; the errors of ``SafetensorsFile``.
    package init(folder: URL, _ kind: RankShard.Kind = .model) throws(CheckpointError) {
        path = folder.path(percentEncoded: false)
        let names = Self.names(in: folder, kind)
        guard !names.isEmpty else {
            throw CheckpointError(
                .missing,
                "\(path) contains no \(RankShard.name(kind, rank: 0)) or other files of its kind"
            )
        }
        var (shards, parts) = ([SafetensorsFile](), [String: [Part]]())
        for name in names {
            let file = try SafetensorsFile(contentsOf: contained(name, in: folder))
            let offsets = try SavedOffsets(file)
            for tensor in file.tensorNames {
                guard let info = file.info(tensor) else { continue }
                let rows = try offsets.rows(of: tensor, info)
                parts[tensor, default: []].append(Part(file: shards.count, rows: rows, info: info))
            }
            shards.append(file)
        }
        var infos: [String: TensorInfo] = [:]
        for (tensor, found) in parts.sorted(by: { $0.key < $1.key }) {
            let joined = try Self.joined(found, tensor, shards)
            parts[tensor] = joined.parts
            infos[tensor] = joined.info
        }
        (self.shards, self.parts, self.infos) = (shards, parts, infos)
        tensorNames = parts.keys.sorted()
    }

    /// Returns the names of a folder's files, sorted.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - kind: The content of the files.
    /// - Returns: The names; empty if there are none.
    package static func names(in folder: URL, _ kind: RankShard.Kind = .model) -> [String] {
        let path = folder.path(percentEncoded: false)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { RankShard.isShard($0, kind) }.sorted()
    }

    /// Puts the parts of a tensor in order, and checks that they cover it.
    private static func joined(
        _ parts: [Part],
        _ tensor: String,
        _ shards: [SafetensorsFile]
    ) throws(CheckpointError) -> (parts: [Part], info: TensorInfo) {
        func corrupt(_ what: String) -> CheckpointError {
            CheckpointError(.corrupt, "tensor \(quoted(tensor)) \(what); save or copy all files again")
        }
        func name(_ part: Part) -> String { shards[part.file].path }
        // A process whose part has no rows may write one, anywhere.
        let filled = parts.filter { !$0.rows.isEmpty }
        let ordered = (filled.isEmpty ? Array(parts.prefix(1)) : filled).sorted {
            ($0.rows.lowerBound, $0.rows.upperBound) < ($1.rows.lowerBound, $1.rows.upperBound)
        }
        guard let first = ordered.first else { throw corrupt("has no parts") }
        var (end, before) = (0, first)
        for part in ordered {
            guard
                part.info.storage == first.info.storage
                    && part.info.shape.dropFirst() == first.info.shape.dropFirst()
                    && part.info.shape.count == first.info.shape.count
            else {
                throw corrupt(
                    "is \(first.info.storage) \(first.info.shape) in \(name(first)), but "
                        + "\(part.info.storage) \(part.info.shape) in \(name(part))"
                )
            }
            guard part.rows.lowerBound >= end else {
                throw corrupt(
                    "has the rows from \(part.rows.lowerBound) in \(name(before)) and in \(name(part))"
                )
            }
            guard part.rows.lowerBound == end else {
                throw corrupt(
                    "has rows \(end) to \(part.rows.lowerBound - 1) in no file, but those after them in \(name(part)): "
                        + "a file is missing"
                )
            }
            (end, before) = (part.rows.upperBound, part)
        }
        guard !first.info.shape.isEmpty else { return (ordered, first.info) }
        return (
            ordered, TensorInfo(shape: [end] + first.info.shape.dropFirst(), storage: first.info.storage)
        )
    }

    package var files: [CheckpointFile] { shards.flatMap(\.files) }

    package func info(_ name: String) -> TensorInfo? { infos[name] }

    /// Reads a tensor; one that is in one file maps it and must not be written to.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: The tensor, on the CPU.
    /// - Throws: `.missing` if there is no such tensor; `.inputOutput` if it cannot be read.
    package func tensor(_ name: String) throws(CheckpointError) -> Tensor {
        guard let parts = parts[name], let first = parts.first else {
            throw CheckpointError(.missing, "no shard in \(path) has the tensor \(quoted(name))")
        }
        guard parts.count > 1 else { return try shards[first.file].tensor(name) }
        var tensors: [Tensor] = []
        for part in parts { tensors.append(try shards[part.file].tensor(name)) }
        do throws(TorchError) { return try .concatenated(tensors) } catch {
            throw CheckpointError(.inputOutput, "\(path): tensor \(quoted(name)): \(error)")
        }
    }

    package func release(_ name: String) {
        for part in parts[name] ?? [] { shards[part.file].release(name) }
    }
}

/// The places of a file's tensors in the whole ones, by the header of the file.
private struct SavedOffsets {
    private let file: String
    /// By tensor; nil if the header has none, so that all tensors are whole.
    private let entries: [String: JSONValue]?

    init(_ shard: SafetensorsFile) throws(CheckpointError) {
        file = shard.path
        guard let text = shard.metadata[RankShard.offsetsKey] else {
            entries = nil
            return
        }
        let document: JSONValue
        do throws(JSONError) { document = try JSONValue.parse(text.utf8) } catch {
            throw CheckpointError(
                .corrupt,
                "\(shard.path): its \(RankShard.offsetsKey) is not valid JSON: \(error); save it again"
            )
        }
        guard let object = document.object else {
            throw CheckpointError(
                .corrupt,
                "\(shard.path): its \(RankShard.offsetsKey) is not an object; save it again"
            )
        }
        entries = Dictionary(
            object.members.map { ($0.name, $0.value) },
            uniquingKeysWith: { _, last in last }
        )
    }

    /// Returns the rows of a tensor that the file has; `0..<1` for a single number.
    func rows(of tensor: String, _ info: TensorInfo) throws(CheckpointError) -> Range<Int> {
        let offsets = try offsets(of: tensor, info)
        if let dimension = offsets.indices.dropFirst().first(where: { offsets[$0] > 0 }) {
            throw CheckpointError(
                .unsupported,
                "\(file): tensor \(quoted(tensor)) is cut along dimension \(dimension), but only cuts along the first can be "
                    + "joined; consolidate the checkpoint with torch"
            )
        }
        guard let start = offsets.first, let count = info.shape.first else { return 0..<1 }
        let (end, overflow) = start.addingReportingOverflow(count)
        guard !overflow else { throw invalid(tensor, offsets) }
        return start..<end
    }

    private func offsets(of tensor: String, _ info: TensorInfo) throws(CheckpointError) -> [Int] {
        guard let entries else { return info.shape.map { _ in 0 } }
        guard let found = entries[tensor]?["saved_offsets"].array else {
            throw CheckpointError(
                .corrupt,
                "\(file): its \(RankShard.offsetsKey) has no saved_offsets of tensor \(quoted(tensor)); save it again"
            )
        }
        let offsets = found.compactMap(\.int)
        guard offsets.count == found.count, offsets.count == info.shape.count,
            offsets.allSatisfy({ $0 >= 0 })
        else { throw invalid(tensor, found.map(\.compact)) }
        return offsets
    }

    private func invalid(_ tensor: String, _ offsets: [some Any]) -> CheckpointError {
        let shown = offsets.prefix(8).map { String("\($0)".prefix(24)) }.joined(separator: ", ")
        return CheckpointError(
            .corrupt,
            "\(file): tensor \(quoted(tensor)) has the invalid saved_offsets [\(shown)]; save it again"
        )
    }
}

extension SafetensorsFile {
    /// Path of the file.
    fileprivate var path: String { files.first?.path ?? "" }
}
