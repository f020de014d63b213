#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Which file or folder a path leads to, whatever links and spellings it takes.
package struct FileIdentity: Equatable, Sendable {
    private let device: UInt64
    private let number: UInt64

    /// The identity of what is at a path, or nil if nothing is there.
    ///
    /// - Parameter path: Links are followed.
    package init?(_ path: String) { self.init(RawPath(path)) }

    /// The identity of what is at a path, or nil if nothing is there.
    ///
    /// - Parameter path: Links are followed.
    package init?(_ path: RawPath) {
        guard let status = path.status(followingLinks: true) else { return nil }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        number = UInt64(truncatingIfNeeded: status.st_ino)
    }
}
