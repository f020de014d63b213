package import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A claim on a folder that lets one process at a time write into it.
///
/// The system releases it when the process ends.
public final class FolderClaim: Sendable {
    private let descriptor: Int32
    /// Whether the claim keeps out other processes; some file systems have no locks.
    package let isLocked: Bool

    /// Claims a folder, and creates it if necessary.
    ///
    /// - Parameter folder: The folder.
    /// - Throws: `.inputOutput` if another process has claimed it; `.notAllowed` or `.diskFull` if it cannot be written.
    package init(_ folder: URL) throws(FileError) {
        let path = folder.path(percentEncoded: false)
        // Test writing now, before hours of work.
        try makeFolder(folder)
        do throws(FileError) {
            var probe = try AtomicFile(at: folder.appending(path: ".attune-probe"))
            try probe.write(Array("probe".utf8))
        } catch {
            // Name the folder that the user gave, not the probe.
            throw FileError(error.code, error.message.replacing("/.attune-probe", with: ""))
        }
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(reading: path, errorCode: errno) }
        // A process that only looks at the claim holds the lock for an instant.
        for attempt in 0..<5 {
            if attempt > 0 { usleep(20_000) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                isLocked = true
                return
            }
            if errno != EWOULDBLOCK {
                // A file system without locks, where other processes cannot be kept out.
                isLocked = false
                return
            }
        }
        isLocked = false
        close(descriptor)
        throw FileError(
            .inputOutput,
            "cannot write \(path): another run of attune is writing there; wait for it to end, stop it, or write elsewhere"
        )
    }

    deinit { close(descriptor) }

    /// Whether a process has claimed a folder.
    ///
    /// - Parameter folder: The folder.
    /// - Returns: False if it is free or missing; nil on a file system without locks.
    package static func isHeld(_ folder: URL) -> Bool? {
        let descriptor = open(folder.path(percentEncoded: false), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno == ENOENT ? false : nil }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return false }
        return errno == EWOULDBLOCK ? true : nil
    }
}

/// Makes a folder's entries survive a power failure.
///
/// If the system cannot do this, the files are still correct.
///
/// - Parameter folder: A folder in which files were created or renamed.
package func syncFolder(_ folder: URL) {
    let descriptor = open(folder.path(percentEncoded: false), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
}
