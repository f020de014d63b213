#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An address of a host together with a port, in the system's form.
struct SocketAddress {
    /// The address family, for example `AF_INET6`.
    let family: Int32
    /// The bytes of a `sockaddr`.
    let bytes: [UInt8]

    #if canImport(Glibc)
    static let datagram = Int32(SOCK_DGRAM.rawValue)
    static let stream = Int32(SOCK_STREAM.rawValue)
    #else
    static let datagram = SOCK_DGRAM
    static let stream = SOCK_STREAM
    #endif

    /// An unknown host: the resolver's reason.
    struct LookUpError: Error {
        let reason: String
    }

    /// Looks up a host.
    ///
    /// - Parameters:
    ///   - host: A name, or an address without brackets.
    ///   - port: The port.
    ///   - isNumeric: Whether only addresses are accepted, so that no server is asked.
    /// - Returns: Its addresses, the preferred one first.
    /// - Throws: The resolver's reason if the host is unknown.
    static func find(
        _ host: String,
        port: Int,
        isNumeric: Bool = false
    ) throws(LookUpError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        // Otherwise every address is listed once per kind of socket.
        hints.ai_socktype = stream
        hints.ai_flags = AI_NUMERICSERV | (isNumeric ? AI_NUMERICHOST : 0)
        var first: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(host, String(port), &hints, &first)
        guard failure == 0 else {
            let isSystem = failure == EAI_SYSTEM
            throw LookUpError(
                reason: isSystem ? String(cString: strerror(errno)) : String(cString: gai_strerror(failure))
            )
        }
        defer { freeaddrinfo(first) }
        var found: [SocketAddress] = []
        var next = first
        while let entry = next?.pointee {
            if let address = entry.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen))
                found.append(SocketAddress(family: entry.ai_family, bytes: Array(bytes)))
            }
            next = entry.ai_next
        }
        return found
    }

    /// Opens a socket for this address; negative, with the reason in `errno`, if that fails.
    func open(_ kind: Int32) -> Int32 {
        let descriptor = socket(family, kind, 0)
        if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return descriptor
    }

    /// Passes the address to a call of the system.
    func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return -1 }
            return body(start.assumingMemoryBound(to: sockaddr.self), socklen_t(buffer.count))
        }
    }

    init(family: Int32, bytes: [UInt8]) { (self.family, self.bytes) = (family, bytes) }

    /// The address that a socket has on this machine; nil if it has none.
    ///
    /// - Parameters:
    ///   - descriptor: A bound or connected socket.
    ///   - family: Its address family.
    init?(of descriptor: Int32, family: Int32) {
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
        var length = socklen_t(bytes.count)
        let result = bytes.withUnsafeMutableBytes { buffer -> Int32 in
            guard let start = buffer.baseAddress else { return -1 }
            return getsockname(descriptor, start.assumingMemoryBound(to: sockaddr.self), &length)
        }
        guard result == 0, Int(length) <= bytes.count else { return nil }
        self.init(family: family, bytes: Array(bytes.prefix(Int(length))))
    }

    /// The address and the port as texts, without a look-up; nil if they have none.
    var numeric: (host: String, port: String)? {
        var host = [CChar](repeating: 0, count: 256)
        var port = [CChar](repeating: 0, count: 32)
        let (hostSize, portSize) = (socklen_t(host.count), socklen_t(port.count))
        let result = withPointer { address, length in
            getnameinfo(
                address,
                length,
                &host,
                hostSize,
                &port,
                portSize,
                NI_NUMERICHOST | NI_NUMERICSERV
            )
        }
        return result == 0 ? (Self.text(host), Self.text(port)) : nil
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
