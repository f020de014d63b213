/// Finds the other processes of this attempt, and names the attempt.
///
/// The store of torchrun's agent survives a restart, with all keys of the attempt before. Its restart count differs between
/// agents, so it cannot name the attempt. Instead every process draws a random number when it starts:
///
/// 1. Rank r writes its number to `hello/r` and waits for a reply to that number.
/// 2. Rank 0 replies with its own number to every `hello` it sees, also to later ones of the same rank.
/// 3. Rank r confirms the reply. A later reply, by a rank 0 that was started again, replaces an earlier one.
/// 4. When all ranks have confirmed with their present numbers, rank 0 lets them go.
///
/// Keys of earlier attempts have other numbers, so they are never taken for those of this one.
///
/// - Parameters:
///   - rank: This process's rank.
///   - size: The number of processes.
///   - store: The store that all attempts share.
///   - timeout: The longest wait for the other processes to start.
///   - shouldStop: Whether the process was asked to stop.
/// - Returns: The prefix for all keys of this attempt, the same on every rank.
/// - Throws: `.timedOut`, which names the missing ranks; `.badLaunch` if two processes have the same rank; `.interrupted`;
///   `.unreachable`.
package func handshake(
    rank: Int,
    size: Int,
    store: some KeyValueStore,
    timeout: Duration,
    shouldStop: () -> Bool = { false }
) throws(DistributedError) -> String {
    let handshake = Handshake(
        rank: rank,
        size: size,
        nonce: String(UInt64.random(in: 1 ... .max), radix: 16),
        store: store,
        timeout: timeout
    )
    return try rank == 0 ? handshake.gather(shouldStop) : handshake.join(shouldStop)
}

private struct Handshake<Store: KeyValueStore> {
    let rank: Int
    let size: Int
    /// This process's number.
    let nonce: String
    let store: Store
    let timeout: Duration

    /// The first part of all keys, because the store may hold keys of torchrun and of other programs.
    private let root = "attune"

    private func hello(_ rank: Int) -> String { "\(root)/hello/\(rank)" }
    private func reply(_ nonce: String) -> String { "\(root)/reply/\(nonce)" }
    private func confirmation(_ leader: String, _ rank: Int) -> String { "\(root)/\(leader)/joined/\(rank)" }
    private func start(_ leader: String, _ rank: Int) -> String { "\(root)/\(leader)/start/\(rank)" }
    private func prefix(_ leader: String) -> String { "\(root)/\(leader)/group" }

    /// Rank 0: replies to all others until each has confirmed.
    func gather(_ shouldStop: () -> Bool) throws(DistributedError) -> String {
        let deadline = Deadline(in: timeout)
        var replied: [Int: String] = [:]
        var pause = Duration.milliseconds(10)
        while true {
            var missing: [Int] = []
            for other in 0..<size where other != rank {
                guard let theirs = try store.currentText(hello(other)) else {
                    missing.append(other)
                    continue
                }
                if replied[other] != theirs {
                    try store.set(reply(theirs), text: nonce)
                    replied[other] = theirs
                }
                if try store.currentText(confirmation(nonce, other)) != theirs { missing.append(other) }
            }
            if missing.isEmpty { break }
            if shouldStop() { throw DistributedError.interrupted(waitingFor: "\(named(missing)) to start") }
            if deadline.isOver { throw notStarted(missing) }
            sleep(for: pause)
            pause = min(pause * 2, .milliseconds(200))
        }
        for (other, theirs) in replied { try store.set(start(nonce, other), text: theirs) }
        return prefix(nonce)
    }

    private func notStarted(_ missing: [Int]) -> DistributedError {
        let verb = missing.count == 1 ? "has" : "have"
        return DistributedError(
            .timedOut,
            "\(named(missing)) of \(size) \(verb) not started within \(timeout.inSeconds); look at the messages of these "
                + "processes, and check that the launcher started \(size)"
        )
    }

    /// Any other rank: confirms rank 0's reply, and waits until all have.
    func join(_ shouldStop: () -> Bool) throws(DistributedError) -> String {
        let deadline = Deadline(in: timeout)
        try store.set(hello(rank), text: nonce)
        var leader: String?
        while true {
            if let bytes = try store.get(reply(nonce), waiting: .milliseconds(200)) {
                let theirs = String(decoding: bytes, as: UTF8.self)
                if theirs != leader {
                    leader = theirs
                    try store.set(confirmation(theirs, rank), text: nonce)
                }
            }
            if let leader, let bytes = try store.get(start(leader, rank), waiting: .milliseconds(200)) {
                guard String(decoding: bytes, as: UTF8.self) == nonce else { throw sameRank }
                return prefix(leader)
            }
            if shouldStop() { throw DistributedError.interrupted(waitingFor: "rank 0 to start") }
            if deadline.isOver { throw noStart(after: leader) }
        }
    }

    private var sameRank: DistributedError {
        DistributedError(
            .badLaunch,
            "another process joined as rank \(rank), too; give every process its own rank, and start each of them once"
        )
    }

    private func noStart(after leader: String?) -> DistributedError {
        let time = timeout.inSeconds
        return DistributedError(
            .timedOut,
            leader == nil
                ? "rank 0 did not answer within \(time), although the store can be reached; look at its messages: it has not "
                    + "started, or is still in an earlier attempt"
                : "rank \(rank) and rank 0 have started, but others of \(size) have not within \(time); rank 0 names them"
        )
    }
}
