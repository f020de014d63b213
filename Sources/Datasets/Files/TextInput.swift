/// A text file decoded to UTF-8, chunk by chunk.
final class TextInput {
    /// The file's name, for messages.
    let path: String
    /// The current chunk; readers consume it from `position` on.
    private(set) var chunk: [UInt8] = []
    /// The index of the next unread byte in the chunk.
    var position = 0
    /// The one-based line of `position`; readers update it.
    var line = 1
    let encoding: TextEncoding
    /// The rest of the file; nil for bytes in memory.
    private let input: ByteInput?
    private var raw: [UInt8] = []
    private var isAtEnd = false
    private static let chunkBytes = 1 << 20

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - encoding: The encoding; nil determines it from the first bytes.
    /// - Throws: `.badFile`, `.notAllowed`.
    init(_ file: OpenableFile, encoding: TextEncoding? = nil) throws(DatasetError) {
        path = file.name
        let input = try ByteInput(path: file.path)
        self.input = input
        isAtEnd = try !input.read(into: &raw, upTo: Self.chunkBytes)
        self.encoding = encoding ?? TextEncoding(startOf: raw)
        decode()
        if chunk.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// Reads UTF-8 that is in memory.
    ///
    /// - Parameters:
    ///   - bytes: The bytes of a file or of a part of it.
    ///   - path: The file's name, for messages.
    ///   - line: The one-based line of the first byte.
    init(_ bytes: [UInt8], path: String, line: Int) {
        self.path = path
        self.line = line
        input = nil
        isAtEnd = true
        encoding = .utf8
        chunk = bytes
    }

    /// Whether nothing is left; reads the next chunk if the current one is used up.
    func isFinished() throws(DatasetError) -> Bool {
        while position >= chunk.count {
            if isAtEnd, raw.isEmpty { return true }
            chunk.removeAll(keepingCapacity: true)
            position = 0
            isAtEnd = try !(input?.read(into: &raw, upTo: Self.chunkBytes) ?? false)
            decode()
        }
        return false
    }

    private func decode() { encoding.decode(&raw, isLast: isAtEnd, to: &chunk) }

    /// The next byte, without consuming it; nil at the end.
    func peek() throws(DatasetError) -> UInt8? { try isFinished() ? nil : chunk[position] }

    /// Reads bytes up to an end byte, which is not consumed, or to the end of the file.
    ///
    /// - Parameters:
    ///   - bytes: Receives the bytes.
    ///   - isEnd: Returns whether a byte is an end byte.
    /// - Throws: `.badFile`, also for more bytes than a row may have.
    @inline(__always)
    func take(into bytes: inout [UInt8], until isEnd: (UInt8) -> Bool) throws(DatasetError) {
        while try !isFinished() {
            let start = position
            chunk.withUnsafeBufferPointer { chunk in
                var index = start
                while index < chunk.count, !isEnd(chunk[index]) { index += 1 }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: chunk[start..<index]))
                position = index
            }
            if position < chunk.count { return }
            guard bytes.count <= Self.mostRowBytes else {
                throw bad(
                    "line \(line) starts a row of more than \(Self.mostRowBytes >> 20) MB; is a quote left open?"
                )
            }
        }
    }

    /// The maximum size of a row in bytes.
    ///
    /// A row is copied several times, so this also limits memory.
    static let mostRowBytes = 128 << 20

    /// Makes an error about this file.
    func bad(_ what: String) -> DatasetError { DatasetError(.badFile, "\(path): \(what)") }

    /// The error for a row that is not UTF-8.
    func notUTF8(line: Int) -> DatasetError {
        DatasetError(
            .badEncoding,
            "\(path): line \(line) is not UTF-8; convert the file, for example with iconv"
        )
    }
}

extension TextEncoding {
    /// Whether a file that is not valid UTF-8 is Western European: almost none of its non-ASCII bytes are UTF-8 sequences.
    ///
    /// - Throws: `.badFile`.
    static func isWesternEuropean(path: String) throws(DatasetError) -> Bool {
        let input = try ByteInput(path: path)
        var bytes: [UInt8] = []
        var lone = 0
        var sequences = 0
        // A sequence cut by a chunk boundary counts as a few lone bytes at most.
        while try input.read(into: &bytes, upTo: 1 << 20) {
            var index = 0
            while index < bytes.count {
                defer { index += 1 }
                guard bytes[index] >= 0x80 else { continue }
                let length = bytes[index] >= 0xF0 ? 4 : bytes[index] >= 0xE0 ? 3 : 2
                let rest = bytes[min(index + 1, bytes.count)..<min(index + length, bytes.count)]
                if bytes[index] >= 0xC2, rest.count == length - 1, rest.allSatisfy({ $0 & 0xC0 == 0x80 }) {
                    sequences += 1
                    index += length - 1
                } else {
                    lone += 1
                }
            }
            bytes.removeAll(keepingCapacity: true)
        }
        return lone > 0 && sequences * 100 <= lone
    }
}
