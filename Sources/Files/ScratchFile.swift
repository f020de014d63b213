public import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A temporary file whose parts are mapped into memory, for data that is larger than memory.
///
/// It has no name, so it vanishes with the process, however that ends.
public final class ScratchFile {
    /// A part of the file in memory, which reads and writes it.
    ///
    /// `@unchecked Sendable`: the addresses never change until `deinit`; the callers order their accesses to the bytes.
    public final class Part: @unchecked Sendable {
        /// The bytes, 0 at first.
        public let bytes: UnsafeMutableRawBufferPointer
        /// The file must stay open as long as a part is mapped.
        private let file: ScratchFile

        fileprivate init(_ bytes: UnsafeMutableRawBufferPointer, of file: ScratchFile) {
            (self.bytes, self.file) = (bytes, file)
        }

        /// Lets the system take the pages away from this process; the bytes stay in the file, and are read again when they are
        /// used again.
        public func release() {
            // Only advice: a failure changes nothing. The mapping is shared, so nothing is lost.
            _ = madvise(bytes.baseAddress, bytes.count, MADV_DONTNEED)
        }

        /// Begins to read the bytes, because they will be used soon.
        public func prefetch() { _ = madvise(bytes.baseAddress, bytes.count, MADV_WILLNEED) }

        deinit { munmap(bytes.baseAddress, bytes.count) }
    }

    private let folder: String
    private let descriptor: Int32
    private var size = 0

    /// Creates an empty file.
    ///
    /// - Parameter folder: An existing folder on a disk with room for the data.
    /// - Throws: `.missing`, `.notAllowed` or `.inputOutput` with the system's reason.
    public init(in folder: URL) throws(FileError) {
        self.folder = folder.path(percentEncoded: false)
        var template = Array((self.folder + "/.attune-offload-XXXXXX").utf8CString)
        descriptor = template.withUnsafeMutableBufferPointer { $0.baseAddress.map { mkstemp($0) } ?? -1 }
        guard descriptor >= 0 else { throw FileError(writing: self.folder, errorCode: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = template.withUnsafeBufferPointer { $0.baseAddress.map { unlink($0) } }
    }

    /// Adds a part at the end of the file.
    ///
    /// The space on the disk is reserved, because writing to memory that has no space ends the process.
    ///
    /// - Parameter count: The number of bytes, above 0.
    /// - Returns: The part.
    /// - Throws: `.diskFull` or `.inputOutput` with the system's reason.
    public func addPart(_ count: Int) throws(FileError) -> Part {
        let page = Int(getpagesize())
        let start = size
        let end = (start + count + page - 1) / page * page
        #if canImport(Glibc)
        let fault = posix_fallocate(descriptor, off_t(start), off_t(end - start))
        #else
        let fault = ftruncate(descriptor, off_t(end)) == 0 ? 0 : errno
        #endif
        guard fault == 0 else { throw FileError(writing: folder, errorCode: fault) }
        guard
            let address = mmap(
                nil,
                count,
                PROT_READ | PROT_WRITE,
                MAP_SHARED,
                descriptor,
                off_t(start)
            ), address != MAP_FAILED
        else { throw FileError(writing: folder, errorCode: errno) }
        size = end
        return Part(UnsafeMutableRawBufferPointer(start: address, count: count), of: self)
    }

    deinit { close(descriptor) }
}
