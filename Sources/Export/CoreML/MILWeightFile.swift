import Files
import Foundation

/// The weights of a MIL program, each after its own header.
///
/// Source: StorageFormat.hpp and BlobDataType.hpp of coremltools 9 (mlmodel/src/MILBlob/Blob).
struct MILWeightFile {
    /// The name of the file in a package, as programs state it.
    static let reference = "@model_path/weights/weight.bin"
    /// All headers have this size, and everything begins at a multiple of it.
    private static let headerSize = 64
    private static let version: UInt32 = 2
    private static let sentinel: UInt32 = 0xDEAD_BEEF

    private var tensors: [(offset: Int, tensor: ONNXTensor)] = []
    /// The size of the file.
    private(set) var byteCount = MILWeightFile.headerSize

    /// Adds a weight.
    ///
    /// - Parameter tensor: A float16 or float32 tensor.
    /// - Returns: The place of its header.
    mutating func add(_ tensor: ONNXTensor) -> Int {
        let offset = byteCount + Self.gap(after: byteCount)
        tensors.append((offset, tensor))
        byteCount = offset + Self.headerSize + tensor.byteCount
        return offset
    }

    /// Writes the file, one weight after the other.
    ///
    /// - Parameter url: The file.
    /// - Throws: `FileError`; the error of computing a weight.
    func write(to url: URL) throws {
        var output = try AtomicFile(at: url)
        try output.write(Self.header([UInt32(tensors.count), Self.version], []))
        var position = Self.headerSize
        for (offset, tensor) in tensors {
            try output.write([UInt8](repeating: 0, count: offset - position))
            let type: UInt32 = tensor.type == .float16 ? 1 : 2
            let place = offset + Self.headerSize
            try output.write(Self.header([Self.sentinel, type], [UInt64(tensor.byteCount), UInt64(place)]))
            try tensor.withBytes { try output.write($0) }
            position = place + tensor.byteCount
        }
        try output.commit()
    }

    /// A header; the rest of it is zero.
    private static func header(_ first: [UInt32], _ then: [UInt64]) -> [UInt8] {
        let bytes = littleEndianBytes(first) + littleEndianBytes(then)
        return bytes + [UInt8](repeating: 0, count: headerSize - bytes.count)
    }

    private static func gap(after position: Int) -> Int { (headerSize - position % headerSize) % headerSize }
}
