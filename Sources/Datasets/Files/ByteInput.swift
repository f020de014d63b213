import CArrow
import Foundation

/// Reads a file's bytes from the start, and decompresses them if the first bytes show that the file is compressed.
final class ByteInput {
    /// How a file is compressed.
    enum Compression: CaseIterable {
        case gzip, zstd, bzip2, lz4

        /// The file name extensions.
        var endings: [String] {
            switch self {
            case .gzip: ["gz", "gzip"]
            case .zstd: ["zst", "zstd"]
            case .bzip2: ["bz2"]
            case .lz4: ["lz4"]
            }
        }

        /// Whether these first bytes show this compression.
        private func isTold(by bytes: [UInt8]) -> Bool {
            switch self {
            case .gzip: bytes.starts(with: [0x1F, 0x8B])
            case .zstd: bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
            // A text may start with the same three letters. After the level comes a block, or the end marker.
            case .bzip2:
                bytes.starts(with: Array("BZh".utf8))
                    && [[0x31, 0x41, 0x59, 0x26], [0x17, 0x72, 0x45, 0x38]].contains(
                        Array(bytes.dropFirst(4))
                    )
            case .lz4: bytes.starts(with: [0x04, 0x22, 0x4D, 0x18])
            }
        }

        fileprivate var codec: ca_codec {
            switch self {
            case .gzip: CA_CODEC_GZIP
            case .zstd: CA_CODEC_ZSTD
            case .bzip2: CA_CODEC_BZ2
            case .lz4: CA_CODEC_LZ4
            }
        }

        init?(startOf bytes: [UInt8]) {
            guard let found = Self.allCases.first(where: { $0.isTold(by: bytes) }) else { return nil }
            self = found
        }
    }

    // A small file may contain one text a million times.
    private static let leastLimit = 1 << 28
    private static let mostExpansion = 200

    let path: String
    private var input = ca_input()
    private var room: Int

    /// Opens a file.
    ///
    /// - Throws: `.badFile`, `.notAllowed`.
    init(path: String) throws(DatasetError) {
        self.path = path
        let start = try Self.start(of: path)
        let compression = Compression(startOf: start)
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        room = compression == nil ? .max : max(Self.leastLimit, Self.mostExpansion * size)
        try check(ca_input_open(&input, path, compression?.codec ?? CA_CODEC_NONE))
    }

    deinit { ca_input_free(input) }

    /// Returns the first bytes of a file, without decompression.
    static func start(of path: String) throws(DatasetError) -> [UInt8] {
        guard let file = FileHandle(forReadingAtPath: path), let bytes = try? file.read(upToCount: 8) else {
            // Reading an empty file returns nil.
            if FileManager.default.isReadableFile(atPath: path) { return [] }
            throw DatasetError(.notAllowed, "cannot read \(path): check its permissions")
        }
        return Array(bytes)
    }

    /// Reads the next bytes and appends them.
    ///
    /// - Returns: False at the end.
    /// - Throws: `.badFile`.
    func read(into bytes: inout [UInt8], upTo capacity: Int) throws(DatasetError) -> Bool {
        var count: Int64 = 0
        var status: Int32 = 0
        let block = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
            status = ca_input_read(&count, input, buffer.baseAddress, Int64(capacity))
            filled = Int(count)
        }
        try check(status)
        if bytes.isEmpty { bytes = block } else { bytes += block }
        room -= Int(count)
        guard room >= 0 else {
            throw DatasetError(
                .badFile,
                "\(path) cannot be read: it expands to more than \(Self.mostExpansion) times its size; "
                    + "decompress it yourself if you trust it"
            )
        }
        return count > 0
    }

    private func check(_ status: Int32) throws(DatasetError) {
        try checkArrow(status) { "\(path) cannot be read: \($0); compress it again, or download it again" }
    }
}
