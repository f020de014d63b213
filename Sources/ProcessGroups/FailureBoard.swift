import JSON

/// The failure of a process, as it reported it itself.
package struct Failure: Sendable, Equatable, CustomStringConvertible {
    /// The process that failed.
    package var peer: Peer
    /// The message of its error.
    package var reason: String

    /// Creates a failure.
    ///
    /// - Parameters:
    ///   - peer: The process that failed.
    ///   - reason: The message of its error.
    package init(peer: Peer, reason: String) {
        self.peer = peer
        self.reason = reason
    }

    /// `rank 1 on host b failed: …`.
    package var description: String { "\(peer) failed: \(reason)" }

    /// The first failure that was reported in a store; nil if there is none.
    static func first(in store: some KeyValueStore) throws(DistributedError) -> Failure? {
        guard let count = try store.currentText("failure/count").flatMap({ Int($0) }), count > 0 else {
            return nil
        }
        // A process may have been killed between counting and reporting, so later ones are looked at, too.
        for number in 1...count {
            if let bytes = try store.current("failure/\(number)"), let json = try? JSONValue.parse(bytes),
                let peer = Peer(json["peer"]), let reason = json["reason"].string
            {
                return Failure(peer: peer, reason: reason)
            }
        }
        return nil
    }

    /// Reports this failure in a store.
    ///
    /// The first one counts.
    func report(in store: some KeyValueStore) throws(DistributedError) {
        let number = try store.add(1, to: "failure/count")
        try store.set(
            "failure/\(number)",
            text: JSONValue.object(["peer": peer.json, "reason": .string(reason)]).compact
        )
    }
}

/// The place where processes report failures, and find out which process has disappeared.
///
/// Nothing here throws: it is used after something has failed, and the store may be gone, too.
package struct FailureBoard: Sendable {
    private let store: any KeyValueStore
    private let rank: Int
    private let peers: [Peer]
    private let isStoreHosted: Bool
    /// Kept for its lifetime; nil if the system refused it.
    private let lifeSign: LifeSign?

    /// Joins the board, and shows from now on that this process exists.
    ///
    /// - Parameters:
    ///   - store: The store of this attempt.
    ///   - rank: This process's rank.
    ///   - peers: All processes, by rank.
    ///   - isStoreHosted: Whether the launcher hosts the store. Otherwise rank 0 does, so rank 0 is gone if the store is.
    package init(store: any KeyValueStore, rank: Int, peers: [Peer], isStoreHosted: Bool = false) {
        self.store = store
        self.rank = rank
        self.peers = peers
        self.isStoreHosted = isStoreHosted
        lifeSign = peers.indices.contains(rank) ? LifeSign(on: peers[rank].address) : nil
        if let lifeSign { try? store.set("alive/\(rank)", text: String(lifeSign.port)) }
    }

    /// Reports that this process fails.
    ///
    /// - Parameter reason: The message of its error.
    package func tell(_ reason: String) {
        let peer =
            peers.indices.contains(rank) ? peers[rank] : Peer.current(rank: rank, address: "")
        try? Failure(peer: peer, reason: reason).report(in: store)
    }

    /// Returns the first reported failure.
    ///
    /// Call it regularly while waiting: it also answers other processes that look for a missing one.
    ///
    /// - Parameter time: The longest wait for a report.
    /// - Returns: Nil if there is no report.
    package func reason(within time: Duration) -> Failure? {
        let deadline = Deadline(in: time)
        while true {
            do throws(DistributedError) {
                if let failure = try Failure.first(in: store) { return failure }
                if try store.contains("noticed/any") { try notice(by: rank) }
            } catch {
                return nil
            }
            if deadline.isOver { return nil }
            sleep(for: .milliseconds(50))
        }
    }

    /// Records that a process noticed a lost connection, so it is not the missing one.
    ///
    /// - Parameter rank: The rank of that process.
    package func noticed(by rank: Int) { try? notice(by: rank) }

    private func notice(by rank: Int) throws(DistributedError) {
        try store.set("noticed/\(rank)", [1])
        try store.set("noticed/any", [1])
    }

    /// Returns the processes that have disappeared without a report.
    ///
    /// A process is missing if it has no life sign, or, if it never had one, if it does not notice the lost connection. The
    /// first answer is published, so that all processes name the same ones, even if more have ended meanwhile.
    ///
    /// - Parameter time: The longest wait for processes to notice.
    /// - Returns: The missing processes by rank. Empty if all exist, or if the store is gone and no rank hosted it.
    package func missing(within time: Duration) -> [Peer] {
        do throws(DistributedError) {
            try notice(by: rank)
            let deadline = Deadline(in: time)
            while true {
                if let found = try published() { return found }
                let silent = try silentRanks()
                let signs = silent.map { (rank: $0, isSeen: sign(of: $0)) }
                var lost = signs.filter { $0.isSeen == false }.map { $0.rank }
                if lost.isEmpty, deadline.isOver { lost = signs.filter { $0.isSeen == nil }.map { $0.rank } }
                if lost.isEmpty, !silent.isEmpty, !deadline.isOver {
                    sleep(for: .milliseconds(100))
                    continue
                }
                return lost.isEmpty ? [] : try publish(lost)
            }
        } catch {
            return isStoreHosted || rank == 0 ? [] : Array(peers.prefix(1))
        }
    }

    /// The processes that have disappeared, as the first process that looked for them found; empty before that.
    package func found() -> [Peer] { (try? published()) ?? [] }

    /// The other processes that have not noticed a lost connection.
    private func silentRanks() throws(DistributedError) -> [Int] {
        var ranks: [Int] = []
        for other in peers.indices where other != rank {
            if try !store.contains("noticed/\(other)") { ranks.append(other) }
        }
        return ranks
    }

    /// Whether a process shows that it exists; nil if it cannot be seen from here.
    private func sign(of other: Int) -> Bool? {
        guard let text = try? store.currentText("alive/\(other)"), let port = Int(text) else { return nil }
        return LifeSign.isSeen(on: peers[other].address, port: port, within: .milliseconds(500))
    }

    /// The missing processes that the first process found; nil before that.
    private func published() throws(DistributedError) -> [Peer]? {
        guard let count = try store.currentText("missing/count").flatMap({ Int($0) }), count > 0 else {
            return nil
        }
        for number in 1...count {
            if let bytes = try store.current("missing/\(number)"), let json = try? JSONValue.parse(bytes) {
                let ranks = (json.array ?? []).compactMap(\.int)
                return ranks.filter { peers.indices.contains($0) && $0 != rank }.map { peers[$0] }
            }
        }
        return nil
    }

    /// Publishes missing ranks, and returns the ones that were published first.
    private func publish(_ ranks: [Int]) throws(DistributedError) -> [Peer] {
        let number = try store.add(1, to: "missing/count")
        try store.set("missing/\(number)", text: JSONValue.array(ranks.map { .int($0) }).compact)
        return try published() ?? ranks.map { peers[$0] }
    }
}
