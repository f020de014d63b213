import Files
public import Foundation
import JSON
public import Torch

/// One `.safetensors` file, mapped.
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
    /// The tensors there are, sorted.
    public let tensorNames: [String]
    private let entries: [String: Entry]
    private let file: MappedFile
    private let dataStart: Int

    private static let longestHeader = 100_000_000

    /// Maps a file and checks its header against its size.
    ///
    /// - Parameter url: The file.
    /// - Throws: `.missing` or `.notAllowed`; `.corrupt` where the header lies; `.unsupported` for a dtype that is not known.
    public init(contentsOf url: URL) throws(CheckpointError) {
        let file = try asCheckpoint { () throws(FileError) in try MappedFile(contentsOf: url) }
        func corrupt(_ what: String) -> CheckpointError {
            CheckpointError(
                .corrupt,
                "\(file.path) is not a sound safetensors file: \(what); download or save it again"
            )
        }
        guard file.bytes.count >= 8 else {
            throw corrupt("it has \(file.bytes.count) bytes, fewer than its header's size")
        }
        let stated = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
        guard stated <= UInt64(Self.longestHeader) else {
            throw corrupt("its header says it is \(stated) bytes long")
        }
        let dataStart = 8 + Int(stated)
        guard dataStart <= file.bytes.count else {
            throw corrupt(
                "its header says it is \(stated) bytes long, and the whole file has \(file.bytes.count)"
            )
        }
        let header: JSONValue
        do throws(JSONError) {
            header = try JSONValue.parse(file.bytes[8..<dataStart])
        } catch { throw corrupt("its header is not JSON, \(error)") }
        guard let object = header.object else { throw corrupt("its header is not an object") }
        let pairs = object["__metadata__"].object?.members.compactMap { member in
            member.value.string.map { (member.name, $0) }
        }
        metadata = Dictionary(pairs ?? [], uniquingKeysWith: { _, last in last })
        var entries: [String: Entry] = [:]
        for member in object.members where member.name != "__metadata__" {
            guard entries[member.name] == nil else {
                throw corrupt("two tensors are called \"\(member.name)\"")
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
        else { throw corrupt("tensor \"\(name)\" lacks a dtype, a shape or two rising offsets") }
        guard let dtype = dtypes[storage] else {
            throw CheckpointError(
                .unsupported,
                "\(path): tensor \"\(name)\" is stored as \(storage); known are "
                    + dtypes.keys.sorted().joined(separator: ", ")
            )
        }
        var shape: [Int] = []
        var bytes = dtype.byteWidth
        for size in sizes {
            guard let size = size.int, size >= 0 else {
                throw corrupt("tensor \"\(name)\" has a size that is no number")
            }
            let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
            guard !overflow else { throw corrupt("tensor \"\(name)\" would be larger than any memory") }
            bytes = product
            shape.append(size)
        }
        guard bytes == end - start else {
            throw corrupt(
                "tensor \"\(name)\" of \(storage) \(shape) takes \(bytes) bytes, and its offsets span \(end - start)"
            )
        }
        return Entry(dtype: dtype, storage: storage, shape: shape, range: start..<end)
    }

    /// Tensors must tile the data from its first byte to its last.
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
                    "tensor \"\(name)\" starts at byte \(entry.range.lowerBound) where \(end) was expected"
                )
            }
            end = entry.range.upperBound
        }
        guard end == dataSize else {
            throw corrupt("its tensors take \(end) bytes, and the file has \(dataSize) for them")
        }
    }

    static let dtypes: [String: DType] = [
        "BOOL": .bool, "U8": .uint8, "I8": .int8, "I16": .int16, "I32": .int32, "I64": .int64,
        "F16": .float16,
        "BF16": .bfloat16, "F32": .float32, "F64": .float64,
    ]

    /// What is known of a tensor without reading it.
    ///
    /// - Parameter name: As in ``tensorNames``.
    /// - Returns: Shape and storage, or nil.
    public func info(_ name: String) -> TensorInfo? {
        entries[name].map { TensorInfo(shape: $0.shape, storage: $0.storage) }
    }

    /// A tensor over the mapped file; copied only where it is not aligned.
    ///
    /// - Parameter name: As in ``tensorNames``.
    /// - Returns: The tensor, on the CPU.
    /// - Throws: `.missing` where there is none.
    public func tensor(_ name: String) throws(CheckpointError) -> Tensor {
        guard let entry = entries[name], let base = file.bytes.baseAddress else {
            throw CheckpointError(.missing, "\(file.path) has no tensor \"\(name)\"")
        }
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
            throw CheckpointError(.inputOutput, "\(file.path): tensor \"\(name)\": \(error)")
        }
    }
}
