#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The identity of the file or folder at a path, independent of links and spelling.
package struct FileIdentity: Equatable, Sendable {
    private let device: UInt64
    private let number: UInt64

    /// The identity of the file or folder at a path, or nil if nothing exists there.
    ///
    /// - Parameter path: The path. Links are followed.
    package init?(_ path: String) { self.init(RawPath(path)) }

    /// The identity of the file or folder at a path, or nil if nothing exists there.
    ///
    /// - Parameter path: The path. Links are followed.
    package init?(_ path: RawPath) {
        guard let status = path.status(followingLinks: true) else { return nil }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        number = UInt64(truncatingIfNeeded: status.st_ino)
    }
}
