import Files

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The address under which other hosts can reach this process.
package enum LocalAddress {
    /// Returns the address of the interface that leads to a host.
    ///
    /// Gloo would otherwise take the address that this machine's own name resolves to, which is often the loopback
    /// address. Nothing is sent: the system chooses the route when a UDP socket is connected.
    ///
    /// - Parameters:
    ///   - host: The host of the store: a name, or an IPv4 or IPv6 address, with or without brackets.
    ///   - port: The store's port.
    /// - Returns: The address in digits. It is the loopback address if the host is this machine's loopback address.
    /// - Throws: `.unreachable`, at once, if the name is unknown or no route leads there.
    package static func towards(_ host: String, port: Int) throws(DistributedError) -> String {
        let host = unbracketed(host)
        let addresses: [SocketAddress]
        do throws(SocketAddress.LookUpError) { addresses = try SocketAddress.find(host, port: port) } catch {
            throw DistributedError(
                .unreachable,
                "the host \(host) of rank 0 is unknown on \(ownName): \(error.reason); give a name that every host "
                    + "knows, or an IP address, as MASTER_ADDR (torchrun: --rdzv-endpoint, or --local-addr on the first node)"
            )
        }
        var refusal = ENETUNREACH
        for address in addresses {
            let descriptor = address.open(SocketAddress.datagram)
            guard descriptor >= 0 else {
                refusal = errno
                continue
            }
            defer { close(descriptor) }
            if address.withPointer({ connect(descriptor, $0, $1) }) != 0 {
                refusal = errno
            } else if let own = SocketAddress(of: descriptor, family: address.family)?.numeric?.host {
                return own
            }
        }
        throw DistributedError(
            .unreachable,
            "no route leads from \(ownName) to the host \(host) of rank 0: \(String(cString: strerror(refusal))); "
                + "check the network, or set MASTER_ADDR to an address in a network that all hosts share"
        )
    }

    /// Whether an address reaches only processes of the same machine.
    ///
    /// - Parameter address: An address in digits.
    /// - Returns: True for 127.0.0.0/8 and ::1.
    package static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }

    /// An address without the brackets that URLs put around IPv6 addresses.
    static func unbracketed(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    private static var ownName: String {
        let name = machineName()
        return name.isEmpty ? "this machine" : name
    }
}
