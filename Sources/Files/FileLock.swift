package import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A lock with one holder at a time, across processes and tasks: `flock` on a file, as in Python's `filelock`.
///
/// The system releases it when the process ends. The file stays, because deleting it would let two hold the lock.
package struct FileLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock if it is free; nil if somebody else holds it.
    ///
    /// - Parameter url: The file; it and its parent folders are created.
    /// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
    package init?(at url: URL) throws(FileError) {
        try makeFolder(url.deletingLastPathComponent())
        let path = url.path(percentEncoded: false)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o664)
        guard descriptor >= 0 else { throw FileError(writing: path, errorCode: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(descriptor)
            if reason == EWOULDBLOCK || reason == EINTR { return nil }
            // A file system without locks. Downloads are checked and renamed when complete, so they are correct without one.
            if reason == ENOSYS || reason == EOPNOTSUPP || reason == ENOLCK {
                self.descriptor = -1
                return
            }
            throw FileError(writing: path, errorCode: reason)
        }
        var held = stat()
        var named = stat()
        guard fstat(descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino else {
            // Someone deleted the file between opening and locking it. The next attempt finds the new one.
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
