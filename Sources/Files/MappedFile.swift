public import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file mapped into memory.
///
/// Pages are read when they are first used.
///
/// `@unchecked Sendable`: the mapping is private, read-only and never changes until `deinit`.
public final class MappedFile: @unchecked Sendable {
    /// The file's path, for messages.
    public let path: String
    /// The file's bytes.
    public let bytes: UnsafeRawBufferPointer
    /// The file's identity, even if it is renamed.
    private let identity: (device: dev_t, number: ino_t)
    /// The file that this is a part of, and the byte at which the part begins; nil for a whole file.
    private let whole: (file: MappedFile, start: Int)?

    /// Maps a file.
    ///
    /// - Parameter url: A regular file.
    /// - Throws: `.missing`, `.notAllowed` or `.inputOutput` with the system's reason.
    public convenience init(contentsOf url: URL) throws(FileError) { try self.init(RawPath(url)) }

    /// Maps a file.
    ///
    /// - Parameter path: A regular file; its name need not be UTF-8.
    /// - Throws: `.missing`, `.notAllowed` or `.inputOutput` with the system's reason.
    public init(_ path: RawPath) throws(FileError) {
        self.path = path.shown
        whole = nil
        // Without O_NONBLOCK, opening a pipe waits for a writer.
        let descriptor = path.withCString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        let path = self.path
        guard descriptor >= 0 else { throw FileError(reading: path, errorCode: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(reading: path, errorCode: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(.inputOutput, "\(path) is not a file; give a file")
        }
        identity = (status.st_dev, status.st_ino)
        let count = Int(status.st_size)
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw FileError(reading: path, errorCode: errno)
        }
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    private init(_ range: Range<Int>, of file: MappedFile, named name: String) {
        path = "\(file.path) (\(name))"
        bytes = UnsafeRawBufferPointer(rebasing: file.bytes[range])
        identity = file.identity
        whole = (file, range.lowerBound)
    }

    /// Returns a part of the file that is read like a separate file, such as a member of a container.
    ///
    /// - Parameters:
    ///   - range: Bytes of the file, all of which exist.
    ///   - name: The part's name, for messages.
    /// - Returns: The part, which keeps the file mapped.
    package func part(_ range: Range<Int>, named name: String) -> MappedFile {
        MappedFile(range, of: self, named: name)
    }

    /// Checks that the file still has all mapped bytes.
    ///
    /// Reading a page that no longer exists ends the process.
    ///
    /// - Throws: `.inputOutput` if it has become shorter. A file that was replaced or deleted stays mapped and is fine.
    public func checkLength() throws(FileError) {
        if let whole { return try whole.file.checkLength() }
        var status = stat()
        guard stat(path, &status) == 0, (status.st_dev, status.st_ino) == identity,
            status.st_size < bytes.count
        else { return }
        throw FileError(
            .inputOutput,
            "\(path) had \(bytes.count) bytes when it was opened and has \(status.st_size) now; "
                + "wait until the program that writes it is done, and start again"
        )
    }

    /// Lets the system drop pages from this process's memory; they are read again when they are used again.
    ///
    /// - Parameter range: Bytes of the file. Pages that are only partly inside stay.
    public func release(_ range: Range<Int>) {
        if let (file, start) = whole {
            return file.release(start + range.lowerBound..<start + range.upperBound)
        }
        let page = Int(getpagesize())
        let (first, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
        guard let start = bytes.baseAddress, first < end, end <= bytes.count else { return }
        // Only advice: a failure changes nothing.
        _ = madvise(UnsafeMutableRawPointer(mutating: start + first), end - first, MADV_DONTNEED)
    }

    deinit {
        if whole == nil, let start = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }
}

/// Reads a small file.
///
/// - Parameters:
///   - url: A regular file.
///   - limit: The most bytes to read; the rest is ignored.
/// - Returns: The bytes.
/// - Throws: `.missing`, `.notAllowed` or `.inputOutput` with the system's reason.
package func readFile(_ url: URL, limit: Int) throws(FileError) -> [UInt8] {
    let file = try MappedFile(contentsOf: url)
    return withExtendedLifetime(file) { Array(file.bytes.prefix(limit)) }
}
