import Torch

/// A wait for other processes: its limits, and the messages that it has already caused.
private struct Wait {
    let activity: String
    /// The number of the operation.
    let number: Int
    let began = ContinuousClock.now
    /// The end of the wait, which announced work moves.
    var end: ContinuousClock.Instant
    var isPublished = false
    var lastNote: String?
    /// The time when this process was first seen to be asked to stop.
    var stopBegan: ContinuousClock.Instant?

    init(_ activity: String, number: Int, timeout: Duration) {
        (self.activity, self.number) = (activity, number)
        end = began + timeout
    }
}

extension ProcessGroup {
    /// Waits for a started operation.
    ///
    /// - Parameters:
    ///   - pending: The operation.
    ///   - activity: The purpose, for messages, for example "step 12".
    /// - Throws: `.peerFailed`, which names the process and its reason if it gave one; `.timedOut`, which names the missing
    ///   processes; `.interrupted` ten seconds after a request to stop; `.mismatch`, `.failed`.
    public func wait(_ pending: PendingCollective, _ activity: String) throws(DistributedError) {
        try wait(pending, activity, heedsStop: true)
    }

    func wait(_ pending: PendingCollective, _ activity: String, heedsStop: Bool) throws(DistributedError) {
        let timing = collectiveFinished == nil ? nil : pending.timing
        let began = timing.map { _ in ContinuousClock.now }
        try awaitEnd(of: pending, activity, heedsStop)
        if let timing, let began { collectiveFinished?(CollectiveSpan(pending, timing, activity, began)) }
    }

    private func awaitEnd(
        of pending: PendingCollective,
        _ activity: String,
        _ heedsStop: Bool
    ) throws(DistributedError) {
        if let failure { throw failure }
        var wait = Wait(activity, number: pending.number, timeout: options.stepTimeout)
        while true {
            do throws(TorchError) {
                if try pending.work.wait(for: .seconds(1)) { return }
            } catch {
                throw ended(by: error, activity)
            }
            try lookAround(&wait, heedsStop)
        }
    }

    /// Looks for reasons to end a wait, once a second.
    private func lookAround(_ wait: inout Wait, _ heedsStop: Bool) throws(DistributedError) {
        if let told = board.reason(within: .zero) { throw heard(told) }
        // An operation may exchange nothing with the process that is gone, so only others have lost a connection.
        let gone = board.found()
        if let error = lost(gone) {
            conclude(besides: gone.count)
            throw ended(error)
        }
        let now = ContinuousClock.now
        let works: [(peer: Peer, text: String)]
        do throws(DistributedError) {
            works = try announcedWorks()
            if now - wait.began >= options.noteDelay { try publish(&wait, works) }
        } catch {
            throw lostStore(error)
        }
        if works.isEmpty {
            try heedStop(&wait, heedsStop, now)
        } else {
            wait.stopBegan = nil
            wait.end = max(wait.end, min(now + options.stepTimeout, wait.began + options.longestTimeout))
        }
        if now >= wait.end { throw overdue(wait, works) }
    }

    private func heedStop(
        _ wait: inout Wait,
        _ heedsStop: Bool,
        _ now: ContinuousClock.Instant
    ) throws(DistributedError) {
        guard heedsStop, options.shouldStop() else { return }
        let began = wait.stopBegan ?? now
        wait.stopBegan = began
        guard now - began >= options.stopGrace else { return }
        throw ended(.interrupted(waitingFor: "the others in \(wait.activity)"))
    }

    /// The long work that other processes have announced.
    private func announcedWorks() throws(DistributedError) -> [(peer: Peer, text: String)] {
        guard try store.add(0, to: "work/count") > 0 else { return [] }
        var works: [(peer: Peer, text: String)] = []
        for peer in peers where peer.rank != rank {
            if let text = try store.currentText("work/\(peer.rank)"), !text.isEmpty {
                works.append((peer, text))
            }
        }
        return works
    }

    /// Publishes the operation that this process waits in, so that others do not take it for late, and reports a long wait.
    private func publish(_ wait: inout Wait, _ works: [(peer: Peer, text: String)]) throws(DistributedError) {
        if !wait.isPublished {
            wait.isPublished = true
            try store.set("step/\(rank)", text: "\(wait.number) \(wait.activity)")
        }
        guard let work = works.first else { return }
        let note = "waiting for rank \(work.peer.rank): \(work.text)"
        if note != wait.lastNote {
            wait.lastNote = note
            options.note(note)
        }
    }

    // MARK: Errors

    /// Keeps an error, after which the group is unusable.
    func ended(_ error: DistributedError) -> DistributedError {
        failure = error
        return error
    }

    /// Reports that this process knows why the group has ended, and lets the others find out, too.
    private func conclude(besides failed: Int) {
        _ = try? store.add(1, to: "heard")
        awaitOthers(besides: failed)
    }

    /// The error for a reported failure of another process.
    private func heard(_ told: Failure) -> DistributedError {
        conclude(besides: 1)
        return ended(DistributedError(.peerFailed, "\(told)"))
    }

    /// The error for an operation that libtorch has ended.
    func ended(by error: TorchError, _ activity: String) -> DistributedError {
        switch error.code {
        case .disconnected:
            board.noticed(by: rank)
            if let told = board.reason(within: .seconds(3)) { return heard(told) }
            let missing = board.missing(within: .seconds(3))
            conclude(besides: missing.count)
            return ended(lost(missing) ?? disconnected(activity))
        case .timedOut:
            if let told = board.reason(within: .zero) { return heard(told) }
            return ended(DistributedError(.timedOut, "\(activity): \(error.reason)"))
        case .failed, .indexOutOfRange, .outOfMemory:
            let isMismatch = error.message.contains("mismatch between collectives")
            let reason = isMismatch ? error.message : error.reason
            return ended(DistributedError(isMismatch ? .mismatch : .failed, "\(activity): \(reason)"))
        }
    }

    private func disconnected(_ activity: String) -> DistributedError {
        DistributedError(
            .peerFailed,
            "\(activity): the connection to another process was lost, but none is known to have ended; check the network "
                + "between the hosts"
        )
    }

    /// The error for processes that have disappeared; nil if there are none.
    private func lost(_ missing: [Peer]) -> DistributedError? {
        guard !missing.isEmpty else { return nil }
        let shown = 4
        let names = missing.prefix(shown).map(\.withProcess).joined(separator: ", ")
        let more = missing.count > shown ? " and \(missing.count - shown) more" : ""
        let host = missing.count == 1 ? "its host is gone" : "their hosts are gone"
        return DistributedError(.peerFailed, "\(names)\(more) ended without a reason: killed, or \(host)")
    }

    /// The error for a store that is gone: with it rank 0, unless the launcher hosts it.
    private func lostStore(_ error: DistributedError) -> DistributedError {
        guard error.code == .unreachable, !launch.isStoreHosted, rank != 0 else { return ended(error) }
        return ended(lost(Array(peers.prefix(1))) ?? error)
    }

    /// The error for a wait that has reached its limit.
    private func overdue(_ wait: Wait, _ works: [(peer: Peer, text: String)]) -> DistributedError {
        let limit = wait.began.duration(to: wait.end) / .seconds(1)
        let time = "waited \(Duration.seconds(limit.rounded()).inSeconds)"
        if let work = works.first {
            return ended(
                DistributedError(
                    .timedOut,
                    "\(wait.activity): \(time) for \(work.peer.withProcess): \(work.text); look at its messages"
                )
            )
        }
        var late: [Peer] = []
        var elsewhere: (peer: Peer, activity: String)?
        for peer in peers where peer.rank != rank {
            let text = (try? store.currentText("step/\(peer.rank)")) ?? ""
            let parts = text.split(separator: " ", maxSplits: 1)
            let number = parts.first.flatMap { Int($0) } ?? 0
            let activity = parts.count == 2 ? String(parts[1]) : ""
            if number < wait.number {
                late.append(peer)
            } else if number > wait.number || activity != wait.activity {
                elsewhere = elsewhere ?? (peer, activity)
            }
        }
        return ended(DistributedError(.timedOut, "\(wait.activity): \(time) \(reason(late, elsewhere))"))
    }

    private func reason(_ late: [Peer], _ elsewhere: (peer: Peer, activity: String)?) -> String {
        if late.count == 1, let peer = late.first {
            return
                "for \(peer.withProcess); look at its messages, or raise --ddp-timeout if its work takes longer"
        }
        if !late.isEmpty {
            return
                "for \(named(late.map(\.rank))); look at their messages, or raise --ddp-timeout if their work takes longer"
        }
        if let elsewhere {
            return
                "while \(elsewhere.peer.withProcess) waited in \(elsewhere.activity): the processes do different things"
        }
        return "although all processes take part; check the network between the hosts"
    }
}
