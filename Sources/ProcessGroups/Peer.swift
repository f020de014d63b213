import Files
package import JSON

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One process of a group, as the others know it.
public struct Peer: Sendable, Equatable, CustomStringConvertible {
    /// The process's rank, from 0.
    public var rank: Int
    /// The name of its machine.
    public var host: String
    /// Its number on that machine.
    public var processID: Int
    /// Its IP address, in digits; empty if it is not known.
    public var address: String

    /// Creates the description of a process.
    ///
    /// - Parameters:
    ///   - rank: The process's rank, from 0.
    ///   - host: The name of its machine.
    ///   - processID: Its number on that machine.
    ///   - address: Its IP address, in digits; empty if it is not known.
    public init(rank: Int, host: String, processID: Int, address: String) {
        self.rank = rank
        self.host = host
        self.processID = processID
        self.address = address
    }

    /// Describes this process.
    ///
    /// - Parameters:
    ///   - rank: Its rank.
    ///   - address: Its IP address towards the others, from ``LocalAddress``; empty if it is not known.
    /// - Returns: The description.
    package static func current(rank: Int, address: String) -> Peer {
        Peer(rank: rank, host: machineName(), processID: Int(getpid()), address: address)
    }

    /// `rank 1 on host b`.
    public var description: String { host.isEmpty ? "rank \(rank)" : "rank \(rank) on host \(host)" }

    /// `rank 1 on host b (process 4242)`.
    package var withProcess: String { "\(self) (process \(processID))" }
}

extension Peer {
    /// The form in which processes publish themselves.
    package var json: JSONValue {
        .object([
            "rank": .int(rank), "host": .string(host), "process": .int(processID),
            "address": .string(address),
        ])
    }

    /// Reads the form in which processes publish themselves; nil for anything else.
    ///
    /// - Parameter json: The value of ``json``.
    package init?(_ json: JSONValue) {
        guard let rank = json["rank"].int, let host = json["host"].string,
            let process = json["process"].int, let address = json["address"].string
        else { return nil }
        self.init(rank: rank, host: host, processID: process, address: address)
    }
}

/// Publishes this process and waits for the descriptions of all others.
///
/// A process on another machine that knows only its loopback address looks again, towards a process that has a real one. On
/// Debian a host's own name resolves to 127.0.1.1, so rank 0 would otherwise publish an address that only it can reach.
///
/// - Parameters:
///   - own: This process.
///   - size: The number of processes.
///   - store: The store of this attempt.
///   - timeout: The longest wait.
///   - shouldStop: Whether the process was asked to stop.
/// - Returns: All processes by rank. The own address may have changed.
/// - Throws: `.timedOut`, which names the missing rank; `.peerFailed`, `.interrupted`, `.unreachable`.
package func exchangePeers(
    _ own: Peer,
    size: Int,
    store: some KeyValueStore,
    timeout: Duration,
    shouldStop: () -> Bool = { false }
) throws(DistributedError) -> [Peer] {
    let deadline = Deadline(in: timeout)
    try store.set("peer/\(own.rank)", text: own.json.compact)
    var peers: [Peer] = []
    for rank in 0..<size {
        peers.append(try described(rank, "peer/\(rank)", in: store, until: deadline, shouldStop))
    }
    let lost = peers.filter { peer in
        LocalAddress.isLoopback(peer.address) && peers.contains { $0.host != peer.host }
    }
    if lost.contains(where: { $0.rank == own.rank }) {
        try store.set("peer/\(own.rank)/corrected", text: reachable(own, among: peers).json.compact)
    }
    for rank in lost.map(\.rank) {
        peers[rank] = try described(rank, "peer/\(rank)/corrected", in: store, until: deadline, shouldStop)
    }
    return peers
}

/// The description of a process, with the address towards another host instead of the loopback address.
///
/// It is unchanged if all others have only a loopback address, too: containers with different names may share a network.
private func reachable(_ own: Peer, among peers: [Peer]) -> Peer {
    for other in peers where other.host != own.host && !LocalAddress.isLoopback(other.address) {
        // Any port will do, because nothing is sent.
        guard let address = try? LocalAddress.towards(other.address, port: 1),
            !LocalAddress.isLoopback(address)
        else { continue }
        var corrected = own
        corrected.address = address
        return corrected
    }
    return own
}

/// Waits for the description of a process under a key.
private func described(
    _ rank: Int,
    _ key: String,
    in store: some KeyValueStore,
    until deadline: Deadline,
    _ shouldStop: () -> Bool
) throws(DistributedError) -> Peer {
    let bytes = try store.get(key, until: deadline, for: "rank \(rank) to start", shouldStop: shouldStop)
    guard let bytes else {
        throw DistributedError(
            .timedOut,
            "rank \(rank) has started but did not describe itself in time; look at its messages, it may have failed"
        )
    }
    guard let json = try? JSONValue.parse(bytes), let peer = Peer(json), peer.rank == rank else {
        throw DistributedError(
            .mismatch,
            "rank \(rank) described itself in an unknown form; run the same version of attune on every host"
        )
    }
    return peer
}
