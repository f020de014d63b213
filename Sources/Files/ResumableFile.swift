package import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file that is received in parts, over several attempts and processes.
///
/// It stays on disk until it is renamed at the end.
package struct ResumableFile: ~Copyable {
    /// The temporary path.
    package let path: String
    /// The number of bytes written.
    package private(set) var byteCount: Int
    private let descriptor: Int32

    /// Opens an existing file, or creates one.
    ///
    /// - Parameter url: The temporary place; parent folders are created.
    /// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
    package init(at url: URL) throws(FileError) {
        try makeFolder(url.deletingLastPathComponent())
        let path = url.path(percentEncoded: false)
        // Following a link would write elsewhere.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileError(writing: path, errorCode: errno) }
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else {
            let reason = errno
            close(descriptor)
            throw FileError(writing: path, errorCode: reason)
        }
        self.path = path
        self.descriptor = descriptor
        byteCount = Int(end)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Appends bytes.
    ///
    /// - Parameter bytes: The bytes to append.
    /// - Throws: `.diskFull` or `.inputOutput`.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let slice = UnsafeRawBufferPointer(rebasing: rest)
            let count = pwrite(descriptor, slice.baseAddress, slice.count, off_t(byteCount))
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(writing: path, errorCode: errno)
            }
            byteCount += count
            rest = rest.dropFirst(count)
        }
    }

    /// Truncates the file.
    ///
    /// - Parameter count: The number of bytes to keep.
    /// - Throws: `.inputOutput`.
    package mutating func truncate(to count: Int) throws(FileError) {
        guard ftruncate(descriptor, off_t(count)) == 0 else {
            throw FileError(writing: path, errorCode: errno)
        }
        byteCount = count
    }

    /// Reads the file from its start, in pieces.
    ///
    /// - Parameter body: Receives each piece.
    /// - Throws: `.inputOutput`.
    package func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Void) throws(FileError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var position = 0
        while position < byteCount {
            let count = pread(
                descriptor,
                buffer.baseAddress,
                min(buffer.count, byteCount - position),
                off_t(position)
            )
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(reading: path, errorCode: errno)
            }
            guard count > 0 else { throw FileError(.inputOutput, "\(path) became shorter while it was read") }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            position += count
        }
    }

    /// Syncs the file and renames it, replacing a file of that name.
    ///
    /// - Parameter url: The final place.
    /// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
    package consuming func commit(to url: URL) throws(FileError) {
        guard fsync(descriptor) == 0 else { throw FileError(writing: path, errorCode: errno) }
        let target = url.path(percentEncoded: false)
        guard rename(path, target) == 0 else { throw FileError(writing: target, errorCode: errno) }
    }

    /// Deletes the file.
    package consuming func discard() { unlink(path) }
}
