#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A listening socket by which other hosts can see that this process still exists.
///
/// The system itself answers connections to it, even while all threads compute, and refuses them as soon as the process has
/// ended. Nothing is accepted or read.
final class LifeSign: Sendable {
    private let descriptor: Int32
    /// The port, which the system chose.
    let port: Int

    /// Begins to listen; nil if the system refuses.
    ///
    /// - Parameter host: An address of this machine, in digits.
    init?(on host: String) {
        guard let address = try? SocketAddress.find(host, port: 0, isNumeric: true).first else { return nil }
        let descriptor = address.open(SocketAddress.stream)
        guard descriptor >= 0 else { return nil }
        guard address.withPointer({ bind(descriptor, $0, $1) }) == 0, listen(descriptor, 128) == 0,
            let text = SocketAddress(of: descriptor, family: address.family)?.numeric?.port,
            let port = Int(text)
        else {
            close(descriptor)
            return nil
        }
        (self.descriptor, self.port) = (descriptor, port)
    }

    deinit { close(descriptor) }

    /// Whether the process with a life sign exists.
    ///
    /// - Parameters:
    ///   - host: The process's address, in digits.
    ///   - port: The port of its life sign.
    ///   - time: The longest wait for a host that does not answer.
    /// - Returns: False if the connection is refused or the host does not answer; nil if this process cannot look.
    static func isSeen(on host: String, port: Int, within time: Duration) -> Bool? {
        guard let address = try? SocketAddress.find(host, port: port, isNumeric: true).first else {
            return nil
        }
        let descriptor = address.open(SocketAddress.stream)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { return nil }
        if address.withPointer({ connect(descriptor, $0, $1) }) == 0 { return true }
        guard errno == EINPROGRESS else { return false }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&waiting, 1, Int32(time / .milliseconds(1))) > 0 else { return false }
        var failure: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 else { return nil }
        return failure == 0
    }
}
