import Files
import Foundation
import NIOCore

/// A local file to upload.
struct LocalFile: Sendable {
    /// The file's place.
    let place: URL
    /// Its path in the repository.
    let name: String
    /// Its size in bytes when it was read first.
    let byteCount: Int

    /// The first bytes, by which the Hub distinguishes text from files stored outside Git.
    func sample() throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        try forEachPiece(from: 0, count: min(512, byteCount)) {
            bytes.append(contentsOf: $0.readableBytesView)
        }
        return bytes
    }

    /// The two hashes that can name its contents: Git's and the SHA-256.
    ///
    /// Computes both in one pass, piece by piece.
    func hashes() throws(FileError) -> (git: String, sha256: String) {
        var git = SHA1()
        var sha256 = SHA256()
        git.update("blob \(byteCount)\0".utf8)
        try forEachPiece(from: 0, count: byteCount) { piece in
            piece.withUnsafeReadableBytes {
                git.update($0)
                sha256.update($0)
            }
        }
        return (git.hexadecimalDigest(), sha256.hexadecimalDigest())
    }

    /// All of its bytes.
    func contents() throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        try forEachPiece(from: 0, count: byteCount) { bytes.append(contentsOf: $0.readableBytesView) }
        return bytes
    }

    /// A part of the file as a stream; `read` receives the size of each piece.
    func pieces(from start: Int, count: Int, read: @escaping @Sendable (Int) -> Void) -> FilePieces {
        FilePieces(file: self, start: start, count: count, read: read)
    }

    private func forEachPiece(
        from start: Int,
        count: Int,
        _ body: (ByteBuffer) -> Void
    ) throws(FileError) {
        var reader = try PieceReader(file: self, start: start, count: count)
        while let piece = try reader.next() { body(piece) }
    }
}

/// A part of a file, one megabyte at a time.
struct FilePieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    fileprivate let file: LocalFile
    fileprivate let start: Int
    fileprivate let count: Int
    fileprivate let read: @Sendable (Int) -> Void

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let pieces: FilePieces
        private var reader: PieceReader?

        fileprivate init(pieces: FilePieces) { self.pieces = pieces }

        mutating func next() async throws -> ByteBuffer? {
            if reader == nil {
                reader = try PieceReader(file: pieces.file, start: pieces.start, count: pieces.count)
            }
            let piece = try reader?.next()
            if let piece { pieces.read(piece.readableBytes) }
            return piece
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pieces: self) }
}

/// Reads a part of a file.
///
/// If the file has become shorter, it throws instead of returning less.
private struct PieceReader {
    private let handle: FileHandle
    private let name: String
    private var left: Int

    init(file: LocalFile, start: Int, count: Int) throws(FileError) {
        name = file.place.path(percentEncoded: false)
        left = count
        do {
            handle = try FileHandle(forReadingFrom: file.place)
            try handle.seek(toOffset: UInt64(start))
        } catch {
            throw FileError(.inputOutput, "cannot read \(name): \(error.localizedDescription)")
        }
    }

    mutating func next() throws(FileError) -> ByteBuffer? {
        guard left > 0 else { return nil }
        let data: Data?
        do { data = try handle.read(upToCount: min(left, 1 << 20)) } catch {
            throw FileError(.inputOutput, "cannot read \(name): \(error.localizedDescription)")
        }
        guard let data, !data.isEmpty else {
            throw FileError(
                .inputOutput,
                "\(name) became shorter while it was sent; send it again when nothing writes to it"
            )
        }
        left -= data.count
        return ByteBuffer(bytes: data)
    }
}
