package import Files
public import Foundation
public import Torch

/// A memory-mapped GGUF file of version 2 or 3: llama.cpp's format of metadata and quantized tensors.
///
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public struct GGUFFile: Checkpoint {
    private struct Entry: Sendable {
        var shape: [Int]
        var type: GGUFTensorType
        var range: Range<Int>
    }

    /// The file's metadata: hyperparameters, vocabulary and more.
    public let metadata: [String: GGUFValue]
    /// Names of all tensors, sorted; these are GGUF's names (`blk.0.attn_q.weight`).
    public let tensorNames: [String]
    private let entries: [String: Entry]
    private let file: MappedFile

    /// Maps a file and checks its header against its size.
    ///
    /// - Parameter url: The file.
    /// - Throws: `.missing` or `.notAllowed`; `.corrupt` if the header is invalid or the file is truncated; `.unsupported`
    ///   for an unknown version or quantization type.
    public init(contentsOf url: URL) throws(CheckpointError) {
        try self.init(try asCheckpoint { () throws(FileError) in try MappedFile(contentsOf: url) })
    }

    /// Checks the header of a mapped file, or of a part of one, against its size.
    ///
    /// - Parameter file: The file.
    /// - Throws: As ``init(contentsOf:)``.
    package init(_ file: MappedFile) throws(CheckpointError) {
        var reader = GGUFReader(file)
        if let standIn = StandIn(file.bytes) {
            throw CheckpointError(.corrupt, standIn.message(at: file.path))
        }
        if let name = Self.olderFormats.first(where: { file.bytes.starts(with: $0.utf8) }) {
            throw CheckpointError(
                .unsupported,
                "\(file.path) is in an older llama.cpp format from before GGUF (it begins with \"\(name)\"); "
                    + "use the model as GGUF"
            )
        }
        guard file.bytes.starts(with: "GGUF".utf8) else {
            throw reader.corrupt("it does not begin with \"GGUF\"")
        }
        _ = try reader.take(4)
        let version = try reader.number(UInt32.self)
        guard !(1...3).contains(version.byteSwapped) else {
            throw CheckpointError(
                .unsupported,
                "\(file.path) is a big-endian GGUF file; convert it to little-endian"
            )
        }
        guard (2...3).contains(version) else {
            throw CheckpointError(
                .unsupported,
                "\(file.path) is GGUF version \(version); supported are 2 and 3"
            )
        }
        let tensorCount = try reader.count(of: "tensors", atLeast: 24)
        let valueCount = try reader.count(of: "metadata values", atLeast: 13)
        var metadata: [String: GGUFValue] = [:]
        for _ in 0..<valueCount {
            let key = try reader.string()
            guard metadata[key] == nil else { throw reader.corrupt("it has two values for \(quoted(key))") }
            metadata[key] = try reader.value(type: try reader.number())
        }
        var headers: [(name: String, shape: [Int], type: GGUFTensorType, offset: Int)] = []
        for _ in 0..<tensorCount { headers.append(try Self.header(&reader)) }
        let alignment = metadata["general.alignment"]?.int ?? 32
        guard alignment > 0, alignment <= 1 << 20, alignment.isMultiple(of: 8) else {
            throw reader.corrupt("its alignment of \(alignment) bytes is invalid")
        }
        let dataStart = (reader.position + alignment - 1) / alignment * alignment
        var entries: [String: Entry] = [:]
        for header in headers {
            let (start, overflow) = dataStart.addingReportingOverflow(header.offset)
            let size = try Self.size(of: header, reader)
            guard !overflow, start >= dataStart, start <= file.bytes.count, size <= file.bytes.count - start
            else {
                throw reader.corrupt(
                    "tensor \(quoted(header.name)) ends beyond the file's last byte (\(file.bytes.count)): it is truncated"
                )
            }
            guard entries[header.name] == nil else {
                throw reader.corrupt("two tensors have the name \(quoted(header.name))")
            }
            entries[header.name] = Entry(shape: header.shape, type: header.type, range: start..<start + size)
        }
        try Self.checkLayout(entries, reader)
        self.metadata = metadata
        self.entries = entries
        self.file = file
        tensorNames = entries.keys.sorted()
    }

    /// The first bytes of the formats before GGUF (little-endian magic numbers): GGML, GGMF, GGJT and GGLA.
    private static let olderFormats = ["lmgg", "fmgg", "tjgg", "algg"]

    /// Throws if the file is only one part of a split model.
    ///
    /// - Throws: `.unsupported` with the command that joins the parts.
    ///
    /// Source: llama.cpp, tools/gguf-split: `split.no` counts from 0, and only the first part has all metadata.
    public func requireWhole() throws(CheckpointError) {
        guard let count = metadata["split.count"]?.int, count > 1 else { return }
        let number = (metadata["split.no"]?.int ?? 0) + 1
        let name = file.path
        let first = name.replacing(/-\d{5}-of-/, with: "-00001-of-")
        let stem = name.replacing(/-\d{5}-of-\d{5}\.gguf$/, with: "")
        let joined = (stem == name ? name + ".whole" : stem) + ".gguf"
        throw CheckpointError(
            .unsupported,
            "\(name) is part \(number) of \(count) of a split model; put all parts into one folder and merge them: "
                + "llama-gguf-split --merge \(shellQuoted(first)) \(shellQuoted(joined))"
        )
    }

    private static func header(
        _ reader: inout GGUFReader
    ) throws(CheckpointError) -> (name: String, shape: [Int], type: GGUFTensorType, offset: Int) {
        let name = try reader.string()
        let rank = try reader.number(UInt32.self)
        guard rank <= 4 else { throw reader.corrupt("tensor \(quoted(name)) has \(rank) dimensions") }
        var shape: [Int] = []
        for _ in 0..<rank {
            guard let size = Int(exactly: try reader.number(UInt64.self)) else {
                throw reader.corrupt("tensor \(quoted(name)) has an invalid dimension")
            }
            shape.insert(size, at: 0)  // GGUF counts the innermost dimension first
        }
        let typeNumber = try reader.number(UInt32.self)
        guard let type = GGUFTensorType(rawValue: typeNumber) else {
            let known = GGUFTensorType.allCases.map(\.name).joined(separator: ", ")
            throw CheckpointError(
                .unsupported,
                "\(reader.file.path): tensor \(quoted(name)) has the unknown type \(typeNumber); supported are \(known)"
            )
        }
        guard let offset = Int(exactly: try reader.number(UInt64.self)) else {
            throw reader.corrupt("tensor \(quoted(name)) has an invalid offset")
        }
        return (name, shape, type, offset)
    }

    /// Throws if tensors overlap: the header could otherwise make readers read far more than the file's size.
    private static func checkLayout(
        _ entries: [String: Entry],
        _ reader: GGUFReader
    ) throws(CheckpointError) {
        var previous: (name: String, end: Int)?
        for (name, entry) in entries.sorted(by: { $0.value.range.lowerBound < $1.value.range.lowerBound })
        where !entry.range.isEmpty {
            if let previous, entry.range.lowerBound < previous.end {
                throw reader.corrupt("tensor \(quoted(name)) overlaps tensor \(quoted(previous.name))")
            }
            previous = (name, entry.range.upperBound)
        }
    }

    private static func size(
        of header: (name: String, shape: [Int], type: GGUFTensorType, offset: Int),
        _ reader: GGUFReader
    ) throws(CheckpointError) -> Int {
        var count = 1
        for size in header.shape {
            // An empty tensor also has strides, which can overflow too.
            let (product, overflow) = count.multipliedReportingOverflow(by: max(1, size))
            guard !overflow, product < 1 << 48 else {
                throw reader.corrupt("tensor \(quoted(header.name)) would be larger than any memory")
            }
            count = product
        }
        guard (header.shape.last ?? 1).isMultiple(of: header.type.blockSize) else {
            throw reader.corrupt(
                "tensor \(quoted(header.name)) has rows that are not a whole number of blocks"
            )
        }
        return header.shape.contains(0) ? 0 : count / header.type.blockSize * header.type.blockBytes
    }

    /// The file itself.
    public var files: [CheckpointFile] { [CheckpointFile(path: file.path, byteCount: file.bytes.count)] }

    /// Returns a tensor's shape and storage without reading it.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: Shape and storage, or nil if there is no such tensor.
    public func info(_ name: String) -> TensorInfo? {
        entries[name].map { TensorInfo(shape: $0.shape, storage: $0.type.name) }
    }

    /// Reads a tensor and dequantizes it to float32.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: The tensor, on the CPU.
    /// - Throws: `.missing` if there is no such tensor; `.inputOutput` if the file has become shorter since it was opened.
    public func tensor(_ name: String) throws(CheckpointError) -> Tensor {
        guard let entry = entries[name] else {
            throw CheckpointError(.missing, "\(file.path) has no tensor \(quoted(name))")
        }
        try asCheckpoint { () throws(FileError) in try file.checkLength() }
        do throws(TorchError) {
            let tensor = try Tensor.empty(entry.shape)
            let blocks = UnsafeRawBufferPointer(rebasing: file.bytes[entry.range])
            try tensor.withUnsafeMutableBytes {
                entry.type.dequantize(blocks, into: $0.bindMemory(to: Float.self))
            }
            return tensor
        } catch {
            throw CheckpointError(.inputOutput, "\(file.path): tensor \(quoted(name)): \(error)")
        }
    }

    /// Drops a tensor's pages from this process's memory; they are read again when they are used again.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    public func release(_ name: String) {
        if let range = entries[name]?.range { file.release(range) }
    }

    /// Returns a matrix of blocks without reading it.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: The matrix, which keeps the file mapped; nil for another shape or a type without blocks.
    /// - Throws: `.missing` if there is no such tensor; `.inputOutput` if the file has become shorter since it was opened.
    public func quantized(_ name: String) throws(CheckpointError) -> QuantizedMatrix? {
        try quantized(name) { _ in .same }
    }

    /// Returns a matrix of blocks whose rows are in another order.
    ///
    /// - Parameters:
    ///   - name: A name in ``tensorNames``.
    ///   - order: Returns the order for a number of rows; nil for a tensor that is not such a matrix.
    /// - Returns: The matrix, which keeps the file mapped; nil for another shape or a type without blocks.
    /// - Throws: `.missing` if there is no such tensor; `.inputOutput` if the file has become shorter since it was opened.
    func quantized(
        _ name: String,
        order: (Int) throws(CheckpointError) -> GGUFStoredRows.Order?
    ) throws(CheckpointError) -> QuantizedMatrix? {
        guard let entry = entries[name] else {
            throw CheckpointError(.missing, "\(file.path) has no tensor \(quoted(name))")
        }
        guard entry.shape.count == 2, entry.type.blockSize > 1, let order = try order(entry.shape[0]) else {
            return nil
        }
        try asCheckpoint { () throws(FileError) in try file.checkLength() }
        return QuantizedMatrix(
            GGUFStoredRows(file, entry.range, entry.type, shape: entry.shape, order: order)
        )
    }
}
