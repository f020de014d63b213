package import Files
public import Foundation
import JSON
public import Torch

/// A memory-mapped `.safetensors` file.
///
/// Source: https://github.com/huggingface/safetensors, the format and its validation (safetensors/src/tensor.rs).
public struct SafetensorsFile: Checkpoint {
    private struct Entry: Sendable {
        var dtype: DType
        var storage: String
        var shape: [Int]
        var range: Range<Int>
    }

    /// The header's `__metadata__`.
    public let metadata: [String: String]
    /// Names of all tensors, sorted.
    public let tensorNames: [String]
    private let entries: [String: Entry]
    private let file: MappedFile
    private let dataStart: Int

    /// Magic bytes of other formats that people rename to `.safetensors`.
    private static let otherFormats = [
        (magic: "PK\u{3}\u{4}", name: "a pickle of PyTorch (a zip archive)"),
        (magic: "GGUF", name: "a GGUF file"),
    ]
    private static let longestHeader = 100_000_000
    private static let highestRank = 8

    /// Maps a file and checks its header against its size.
    ///
    /// - Parameter url: The file.
    /// - Throws: `.missing` or `.notAllowed`; `.corrupt` if the header is invalid; `.unsupported` for an unknown dtype.
    public init(contentsOf url: URL) throws(CheckpointError) {
        try self.init(try asCheckpoint { () throws(FileError) in try MappedFile(contentsOf: url) })
    }

    /// Checks the header of a mapped file, or of a part of one, against its size.
    ///
    /// - Parameter file: The file.
    /// - Throws: As ``init(contentsOf:)``.
    package init(_ file: MappedFile) throws(CheckpointError) {
        func corrupt(_ what: String) -> CheckpointError {
            CheckpointError(
                .corrupt,
                "\(file.path) is not a valid safetensors file: \(what); download or save it again"
            )
        }
        if let standIn = StandIn(file.bytes) {
            throw CheckpointError(.corrupt, standIn.message(at: file.path))
        }
        if let format = Self.otherFormats.first(where: { file.bytes.starts(with: $0.magic.utf8) }) {
            throw CheckpointError(
                .unsupported,
                "\(file.path) is not a safetensors file but \(format.name); rename it accordingly"
            )
        }
        guard file.bytes.count >= 8 else {
            throw corrupt("it has \(file.bytes.count) bytes, too few for the header's size")
        }
        let stated = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
        guard stated <= UInt64(Self.longestHeader) else {
            throw corrupt("its header claims to be \(stated) bytes long")
        }
        let dataStart = 8 + Int(stated)
        guard dataStart <= file.bytes.count else {
            throw corrupt(
                "its header claims to be \(stated) bytes long, but the whole file has \(file.bytes.count)"
            )
        }
        let header: JSONValue
        do throws(JSONError) {
            header = try JSONValue.parse(file.bytes[8..<dataStart])
        } catch { throw corrupt("its header is not valid JSON: \(error)") }
        guard let object = header.object else { throw corrupt("its header is not an object") }
        let pairs = object["__metadata__"].object?.members.compactMap { member in
            member.value.string.map { (member.name, $0) }
        }
        metadata = Dictionary(pairs ?? [], uniquingKeysWith: { _, last in last })
        var entries: [String: Entry] = [:]
        for member in object.members where member.name != "__metadata__" {
            guard entries[member.name] == nil else {
                throw corrupt("two tensors have the name \(quoted(member.name))")
            }
            entries[member.name] = try Self.entry(member.name, member.value, in: file.path, corrupt: corrupt)
        }
        try Self.checkLayout(entries, dataSize: file.bytes.count - dataStart, corrupt: corrupt)
        self.entries = entries
        self.file = file
        self.dataStart = dataStart
        tensorNames = entries.keys.sorted()
    }

    private static func entry(
        _ name: String,
        _ value: JSONValue,
        in path: String,
        corrupt: (String) -> CheckpointError
    ) throws(CheckpointError) -> Entry {
        guard let storage = value["dtype"].string, let sizes = value["shape"].array,
            let offsets = value["data_offsets"].array, offsets.count == 2,
            let start = offsets[0].int, let end = offsets[1].int, 0 <= start, start <= end
        else { throw corrupt("tensor \(quoted(name)) lacks a dtype, a shape or two ascending offsets") }
        guard let dtype = dtypes[storage] else {
            throw CheckpointError(
                .unsupported,
                "\(path): tensor \(quoted(name)) has the unknown dtype \(quoted(storage)); supported are "
                    + dtypes.keys.sorted().joined(separator: ", ")
            )
        }
        guard sizes.count <= highestRank else {
            throw corrupt("tensor \(quoted(name)) has too many dimensions (\(sizes.count))")
        }
        var shape: [Int] = []
        for size in sizes {
            guard let size = size.int, size >= 0 else {
                throw corrupt("tensor \(quoted(name)) has an invalid dimension")
            }
            shape.append(size)
        }
        guard let bytes = byteCount(of: shape, width: dtype.byteWidth) else {
            throw corrupt("tensor \(quoted(name)) would be larger than any memory")
        }
        guard bytes == end - start else {
            throw corrupt(
                "tensor \(quoted(name)) of \(storage) \(shape) takes \(bytes) bytes, but its offsets span \(end - start)"
            )
        }
        return Entry(dtype: dtype, storage: storage, shape: shape, range: start..<end)
    }

    /// The size of a tensor in bytes; nil if it or a stride overflows.
    private static func byteCount(of shape: [Int], width: Int) -> Int? {
        var stride = width
        for size in shape {
            // An empty tensor also has strides, which can overflow too.
            let (product, overflow) = stride.multipliedReportingOverflow(by: max(1, size))
            guard !overflow else { return nil }
            stride = product
        }
        return shape.contains(0) ? 0 : stride
    }

    /// Throws unless the tensors cover the data without gaps or overlaps.
    private static func checkLayout(
        _ entries: [String: Entry],
        dataSize: Int,
        corrupt: (String) -> CheckpointError
    ) throws(CheckpointError) {
        var end = 0
        let ordered = entries.sorted {
            ($0.value.range.lowerBound, $0.value.range.upperBound) < (
                $1.value.range.lowerBound, $1.value.range.upperBound
            )
        }
        for (name, entry) in ordered {
            guard entry.range.lowerBound == end else {
                throw corrupt(
                    "tensor \(quoted(name)) starts at byte \(entry.range.lowerBound) instead of \(end)"
                )
            }
            guard entry.range.upperBound <= dataSize else {
                throw corrupt(
                    "tensor \(quoted(name)) ends at byte \(entry.range.upperBound) of the data, but the file has \(dataSize) "
                        + "bytes of data: it is truncated"
                )
            }
            end = entry.range.upperBound
        }
        guard end == dataSize else {
            throw corrupt("its tensors take \(end) bytes, but the file has \(dataSize) bytes of data")
        }
    }

    static let dtypes: [String: DType] = [
        "BOOL": .bool, "U8": .uint8, "I8": .int8, "I16": .int16, "I32": .int32, "I64": .int64,
        "F16": .float16,
        "BF16": .bfloat16, "F32": .float32, "F64": .float64,
    ]

    /// Maps the names of tied weights that were left out when saving to the names that hold their values.
    ///
    /// Source: `save_model` of safetensors 0.8 (bindings/python/py_src/safetensors/torch.py).
    public var aliases: [String: String] {
        metadata.filter { entries[$0.key] == nil && entries[$0.value] != nil }
    }

    /// The file itself.
    public var files: [CheckpointFile] { [CheckpointFile(path: file.path, byteCount: file.bytes.count)] }

    /// Returns a tensor's shape and storage without reading it.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: Shape and storage, or nil if there is no such tensor.
    public func info(_ name: String) -> TensorInfo? {
        entries[name].map { TensorInfo(shape: $0.shape, storage: $0.storage) }
    }

    /// Returns a tensor over the mapped file; copies it only if it is not aligned.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: The tensor, on the CPU.
    /// - Throws: `.missing` if there is no such tensor; `.inputOutput` if the file has become shorter since it was opened.
    public func tensor(_ name: String) throws(CheckpointError) -> Tensor {
        guard let entry = entries[name], let base = file.bytes.baseAddress else {
            throw CheckpointError(.missing, "\(file.path) has no tensor \(quoted(name))")
        }
        try asCheckpoint { () throws(FileError) in try file.checkLength() }
        let start = base + dataStart + entry.range.lowerBound
        do throws(TorchError) {
            let isAligned = Int(bitPattern: start).isMultiple(of: entry.dtype.byteWidth)
            if isAligned {
                return try Tensor(borrowing: start, shape: entry.shape, dtype: entry.dtype, owner: file)
            }
            let copy = try Tensor.empty(entry.shape, dtype: entry.dtype)
            try copy.withUnsafeMutableBytes {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: start, count: entry.range.count))
            }
            return copy
        } catch {
            throw CheckpointError(.inputOutput, "\(file.path): tensor \(quoted(name)): \(error)")
        }
    }

    /// Drops a tensor's pages from this process's memory; they are read again when they are used again.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    public func release(_ name: String) {
        guard let range = entries[name]?.range else { return }
        file.release(dataStart + range.lowerBound..<dataStart + range.upperBound)
    }
}
