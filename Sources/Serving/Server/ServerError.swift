import NIOCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The error of a server that cannot start.
public struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of an error.
    public enum Code: Sendable, Equatable {
        /// Another program listens on the address.
        case addressInUse
        /// The address belongs to no interface of this machine, or its name is unknown.
        case noSuchAddress
        /// The process may not listen there, or may not read a file.
        case notAllowed
        /// A file of the TLS settings does not exist.
        case missingFile
        /// A certificate or key cannot be used.
        case badCertificate
        /// Any other failure of the operating system.
        case system
    }

    /// The kind of the error.
    public let code: Code
    /// The message with a remedy.
    public let description: String

    init(_ code: Code, _ description: String) { (self.code, self.description) = (code, description) }

    /// Explains an error of binding; nil for an error of another kind.
    ///
    /// - Parameters:
    ///   - error: An error of SwiftNIO.
    ///   - address: The address that the server wanted.
    init?(_ error: any Error, binding address: ServerAddress) {
        if error is SocketAddressError.UnknownHost {
            self.init(
                .noSuchAddress,
                "the host of \(address) is unknown; 0.0.0.0 listens on all interfaces, 127.0.0.1 on this machine only"
            )
            return
        }
        if error as? SocketAddressError == .unixDomainSocketPathTooLong {
            self.init(.noSuchAddress, "the socket's path is too long: \(address); choose a shorter one")
            return
        }
        guard let error = error as? IOError else { return nil }
        switch error.errnoCode {
        case EADDRINUSE:
            self.init(
                .addressInUse,
                "another program listens on \(address); stop it, or choose another port (port 0 takes a free one)"
            )
        case EADDRNOTAVAIL:
            self.init(
                .noSuchAddress,
                "no interface of this machine has the address of \(address); 0.0.0.0 listens on all of them"
            )
        case EACCES, EPERM:
            self.init(
                .notAllowed,
                "listening on \(address) is not allowed; ports below 1024 need rights that a port such as 3000 does not"
            )
        case ENOENT, ENOTDIR:
            self.init(.noSuchAddress, "the folder of the socket \(address) does not exist; create it first")
        default: self.init(.system, "cannot listen on \(address): \(error)")
        }
    }
}
