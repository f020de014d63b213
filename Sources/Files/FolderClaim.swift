package import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A folder that one process at a time writes into; the system gives it back when the process ends, however it ends.
public final class FolderClaim: Sendable {
    private let descriptor: Int32

    /// Takes a folder, which is made if need be.
    ///
    /// - Parameter folder: Its place.
    /// - Throws: `.inputOutput` where another process has it; `.notAllowed` or `.diskFull` where nothing can be written.
    package init(_ folder: URL) throws(FileError) {
        let path = folder.path(percentEncoded: false)
        // Found out before hours of work, not after them.
        try makeFolder(folder)
        do throws(FileError) {
            var probe = try AtomicFile(at: folder.appending(path: ".attune-probe"))
            try probe.write(Array("probe".utf8))
        } catch {
            // The folder is what the person named, not the probe.
            throw FileError(error.code, error.message.replacing("/.attune-probe", with: ""))
        }
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(reading: path, errorCode: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else {
            // Locked; or on a file system that knows no locks, where nobody can be kept out.
            return
        }
        close(descriptor)
        throw FileError(
            .inputOutput,
            "cannot write \(path): another run of attune writes there; wait for its end or stop it, or write elsewhere"
        )
    }

    deinit { close(descriptor) }
}

/// Makes sure that the names in a folder outlive a power failure; where the system cannot, nothing is lost but that.
///
/// - Parameter folder: A folder in which files were made or renamed.
package func syncFolder(_ folder: URL) {
    let descriptor = open(folder.path(percentEncoded: false), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
}
