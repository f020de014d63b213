import Files
package import Foundation
package import Torch

/// The content of a GGUF file of version 3, ready to be written.
///
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
package struct GGUFContent {
    /// A tensor of the file.
    package struct Entry {
        let name: String
        let shape: [Int]
        let type: GGUFTensorType
        let values: () throws(CheckpointError) -> Tensor

        /// Creates an entry.
        ///
        /// - Parameters:
        ///   - name: The name in the file.
        ///   - shape: The sizes, outermost first.
        ///   - type: The storage type; rows are a whole number of its blocks.
        ///   - values: Returns the values, in float32, when they are written.
        package init(
            name: String,
            shape: [Int],
            type: GGUFTensorType,
            values: @escaping () throws(CheckpointError) -> Tensor
        ) {
            self.name = name
            self.shape = shape
            self.type = type
            self.values = values
        }

        /// Size in bytes without padding.
        package var byteCount: Int { type.byteCount(of: shape.reduce(1, *)) }
    }

    private static let alignment = 32
    /// The most values that are converted at once: 16 MB in float32.
    private static let mostValues = 1 << 22

    private let header: [UInt8]
    private let tensors: [Entry]

    /// Size of the file in bytes.
    package var byteCount: Int { header.count + dataSize }

    /// Size of the tensors in bytes, with padding.
    private var dataSize: Int { tensors.reduce(0) { $0 + Self.padded($1.byteCount) } }

    /// Lays out a file.
    ///
    /// - Parameters:
    ///   - fields: The metadata, each name once.
    ///   - tensors: The tensors, each name once.
    /// - Throws: `.unsupported` for a tensor whose rows do not divide into the blocks of its type.
    package init(
        fields: [(name: String, value: GGUFField)],
        tensors: [Entry]
    ) throws(CheckpointError) {
        var header = Array("GGUF".utf8)
        header.put(UInt32(3), UInt64(tensors.count), UInt64(fields.count))
        for (name, value) in fields {
            header.put(text: name)
            value.write(to: &header)
        }
        var offset = 0
        for tensor in tensors {
            guard tensor.shape.count <= 4, (tensor.shape.last ?? 1).isMultiple(of: tensor.type.blockSize)
            else {
                throw CheckpointError(
                    .unsupported,
                    "tensor \(quoted(tensor.name)) of shape \(tensor.shape) cannot be stored as \(tensor.type.name)"
                )
            }
            header.put(text: tensor.name)
            header.put(UInt32(tensor.shape.count))
            for size in tensor.shape.reversed() { header.put(UInt64(size)) }
            header.put(tensor.type.rawValue, UInt64(offset))
            offset += Self.padded(tensor.byteCount)
        }
        header += [UInt8](repeating: 0, count: Self.padded(header.count) - header.count)
        self.header = header
        self.tensors = tensors
    }

    private static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    /// Writes the file atomically.
    ///
    /// One tensor at a time is in memory.
    ///
    /// - Parameter url: The destination.
    /// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`; `.corrupt` for a value that is NaN or infinite; the errors of
    ///   reading values.
    package func write(to url: URL) throws(CheckpointError) {
        var output = try asCheckpoint { () throws(FileError) in try AtomicFile(at: url) }
        do throws(FileError) { try output.write(header) } catch { throw CheckpointError(error) }
        for tensor in tensors { try write(tensor, to: &output) }
        do throws(FileError) { try output.commit() } catch { throw CheckpointError(error) }
    }

    /// Writes the file atomically, with the tensors of another file that has the same ones but other metadata.
    ///
    /// - Parameters:
    ///   - url: The destination.
    ///   - other: The content of the other file.
    ///   - place: The other file.
    /// - Throws: As ``write(to:)``.
    package func write(
        to url: URL,
        copyingTensorsOf other: GGUFContent,
        at place: URL
    ) throws(CheckpointError) {
        do throws(FileError) {
            let file = try MappedFile(contentsOf: place)
            defer { withExtendedLifetime(file) {} }
            guard file.bytes.count == other.byteCount, other.dataSize == dataSize else {
                throw FileError(.inputOutput, "\(file.path) has changed while it was read")
            }
            var output = try AtomicFile(at: url)
            try output.write(header)
            try output.write(UnsafeRawBufferPointer(rebasing: file.bytes[other.header.count...]))
            try output.commit()
        } catch {
            throw CheckpointError(error)
        }
    }

    private func write(_ entry: Entry, to output: inout AtomicFile) throws(CheckpointError) {
        let given = try entry.values()
        let values: Tensor
        do throws(TorchError) {
            values = try given.to(dtype: .float32, device: .cpu).contiguous()
        } catch {
            throw CheckpointError(.inputOutput, "tensor \(quoted(entry.name)): \(error)")
        }
        try requireFinite(values, name: entry.name)
        let count = entry.shape.reduce(1, *)
        guard values.count == count else {
            throw CheckpointError(
                .inputOutput,
                "tensor \(quoted(entry.name)) has \(values.count) values instead of \(count)"
            )
        }
        defer { withExtendedLifetime(values) {} }
        let floats = values.memory.bindMemory(to: Float.self)
        for start in stride(from: 0, to: count, by: Self.mostValues) {
            let part = UnsafeBufferPointer(rebasing: floats[start..<min(start + Self.mostValues, count)])
            var bytes = [UInt8](repeating: 0, count: entry.type.byteCount(of: part.count))
            bytes.withUnsafeMutableBytes { entry.type.quantize(part, into: $0) }
            do throws(FileError) { try output.write(bytes) } catch { throw CheckpointError(error) }
        }
        let padding = Self.padded(entry.byteCount) - entry.byteCount
        do throws(FileError) {
            try output.write([UInt8](repeating: 0, count: padding))
        } catch { throw CheckpointError(error) }
    }
}
