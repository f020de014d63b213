#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where the bytes for a path go.
///
/// Only regular files are replaced. What the system offers as a file and is none, such as a FIFO, a device or a socket, is
/// opened and written through, as a shell's `>` does it.
enum WriteTarget {
    /// A regular file, or nothing yet: a new file takes the name. Links were followed, so that they stay.
    case file(RawPath, replacing: stat?)
    /// Something else, opened.
    case stream(Int32)

    /// The links that the system itself follows at the most.
    private static let mostLinks = 40

    /// Finds out where the bytes for a path go; what is not a file is opened.
    ///
    /// - Parameter path: A FIFO's end is waited for, as the system does on opening it.
    /// - Throws: `.notAllowed` or `.inputOutput` with the reason.
    init(_ path: RawPath) throws(FileError) {
        // A slash at the end asks for a folder.
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

    /// The descriptor that a path such as `/dev/stdout` or `/dev/fd/3` leads to; nil for other paths.
    ///
    /// Opening such a path anew would begin a redirected file from its start, and a new file of that name would leave the
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

    /// Connects to a socket with a name; below 0, with the reason in `errno`, if that does not work.
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
