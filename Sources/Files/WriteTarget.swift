#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The target of the bytes written to a path.
///
/// Only regular files are replaced. A FIFO, a device or a socket is opened and written directly, as with a
/// shell's `>`.
enum WriteTarget {
    /// A regular file, or a new file with this name. Links were resolved, so they stay.
    case file(RawPath, replacing: stat?)
    /// Something else, already opened.
    case stream(Int32)

    /// The most links that the system follows.
    private static let mostLinks = 40

    /// Determines the target for a path, and opens it unless it is a regular file.
    ///
    /// - Parameter path: The path. Opening a FIFO waits for its reader.
    /// - Throws: `.notAllowed` or `.inputOutput` with the reason.
    init(_ path: RawPath) throws(FileError) {
        // A trailing slash means a folder.
        guard !path.name.isEmpty else { throw FileError(writing: path.shown, errorCode: EISDIR) }
        var place = path
        for _ in 0...Self.mostLinks {
            if let descriptor = Self.descriptor(namedBy: place) {
                self = .stream(try Self.opened(path) { fcntl(descriptor, F_DUPFD_CLOEXEC, 3) })
                return
            }
            guard let status = place.status(followingLinks: false) else {
                self = .file(place, replacing: nil)
                return
            }
            switch status.st_mode & S_IFMT {
            case S_IFLNK:
                guard let target = place.linkTarget else {
                    throw FileError(writing: path.shown, errorCode: errno)
                }
                place = place.beside(target)
            case S_IFREG:
                self = .file(place, replacing: status)
                return
            case S_IFDIR: throw FileError(writing: path.shown, errorCode: EISDIR)
            case S_IFSOCK:
                self = .stream(try Self.opened(path) { Self.connection(to: place) })
                return
            default:
                self = .stream(
                    try Self.opened(path) {
                        place.withCString { open($0, O_WRONLY | O_CLOEXEC | O_NOCTTY) }
                    }
                )
                return
            }
        }
        throw FileError(writing: path.shown, errorCode: ELOOP)
    }

    /// The descriptor of a path such as `/dev/stdout` or `/dev/fd/3`; nil for other paths.
    ///
    /// Opening such a path again would overwrite a redirected file from its start, and a new file with that name would leave the
    /// redirected one empty.
    private static func descriptor(namedBy path: RawPath) -> Int32? {
        guard let number = Int32(String(decoding: path.name, as: UTF8.self)), number >= 0,
            let folder = path.parent.resolved?.shown
        else { return nil }
        let isOwn =
            folder == "/dev/fd" || folder.hasPrefix("/proc/\(getpid())/") && folder.hasSuffix("/fd")
        return isOwn ? number : nil
    }

    private static func opened(_ path: RawPath, _ open: () -> Int32) throws(FileError) -> Int32 {
        while true {
            let descriptor = open()
            if descriptor >= 0 { return descriptor }
            guard errno == EINTR else { throw FileError(writing: path.shown, errorCode: errno) }
        }
    }

    /// Connects to a named socket; returns a negative value, with the reason in `errno`, if that fails.
    private static func connection(to path: RawPath) -> Int32 {
        var address = sockaddr_un()
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.bytes.count < room else {
            errno = ENAMETOOLONG
            return -1
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.bytes) }
        #if canImport(Glibc)
        let kind = Int32(SOCK_STREAM.rawValue)
        #else
        let kind = SOCK_STREAM
        #endif
        let made = socket(AF_UNIX, kind, 0)
        guard made >= 0 else { return -1 }
        _ = fcntl(made, F_SETFD, FD_CLOEXEC)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(made, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result == 0 { return made }
        let reason = errno
        close(made)
        errno = reason
        return -1
    }
}
