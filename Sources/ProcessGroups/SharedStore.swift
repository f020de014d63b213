package import Torch

/// The store that all processes share, with errors that name its host.
package struct SharedStore: KeyValueStore {
    private let store: RendezvousStore
    private let thread: StoreThread
    /// The store's host and port.
    private let place: String
    /// The process that hosts the store.
    private let host: String

    /// Creates access to a store.
    ///
    /// - Parameters:
    ///   - store: The connection.
    ///   - place: The store's host and port, for messages.
    ///   - host: The process that hosts it, for messages.
    package init(_ store: RendezvousStore, at place: String, of host: String = "its host") {
        self.init(store, StoreThread(), at: place, of: host)
    }

    private init(_ store: RendezvousStore, _ thread: StoreThread, at place: String, of host: String) {
        (self.store, self.thread, self.place, self.host) = (store, thread, place, host)
    }

    package func set(_ key: String, _ value: [UInt8]) throws(DistributedError) {
        try answered { [store] () throws(TorchError) in try store.set(key, value) }
    }

    package func get(_ key: String, waiting: Duration) throws(DistributedError) -> [UInt8]? {
        try answered(waiting: waiting) { [store] () throws(TorchError) in
            try store.get(key, waiting: waiting)
        }
    }

    package func contains(_ key: String) throws(DistributedError) -> Bool {
        try answered { [store] () throws(TorchError) in try store.contains(key) }
    }

    package func add(_ amount: Int, to key: String) throws(DistributedError) -> Int {
        try answered { [store] () throws(TorchError) in try store.add(amount, to: key) }
    }

    /// Returns the connection to the keys with a prefix.
    ///
    /// - Parameter prefix: The prefix.
    /// - Returns: A connection for groups.
    /// - Throws: `.failed` if there is no memory.
    package func connection(prefix: String) throws(DistributedError) -> RendezvousStore {
        try translated { () throws(TorchError) in try RendezvousStore(prefix: prefix, of: store) }
    }

    /// Returns access to the keys with a prefix, under their names without it.
    ///
    /// - Parameter prefix: The prefix.
    /// - Returns: The store.
    /// - Throws: `.failed` if there is no memory.
    package func prefixed(_ prefix: String) throws(DistributedError) -> SharedStore {
        SharedStore(try connection(prefix: prefix), thread, at: place, of: host)
    }

    /// Runs a call that needs the store's host.
    private func answered<Value: Sendable>(
        waiting: Duration = .zero,
        _ call: @escaping @Sendable () throws(TorchError) -> Value
    ) throws(DistributedError) -> Value {
        let result = thread.run(waiting: waiting) { () -> Result<Value, TorchError> in
            do throws(TorchError) { return .success(try call()) } catch { return .failure(error) }
        }
        guard let result else {
            throw DistributedError(
                .timedOut,
                "the store at \(place) does not answer: \(host) hangs or is gone, or the network to it is cut"
            )
        }
        return try translated { () throws(TorchError) in try result.get() }
    }

    private func translated<Result>(
        _ body: () throws(TorchError) -> Result
    ) throws(DistributedError) -> Result {
        do throws(TorchError) { return try body() } catch {
            switch error.code {
            case .disconnected, .timedOut:
                throw DistributedError(
                    .unreachable,
                    "the store at \(place) is gone: the process that hosts it has ended, or the network to it is cut"
                )
            case .failed, .outOfMemory, .indexOutOfRange:
                throw DistributedError(.failed, "the store at \(place): \(error.reason)")
            }
        }
    }
}

extension SharedStore {
    /// Connects to the store of a launch, or hosts it.
    ///
    /// c10d's own wait for a store cannot be interrupted, so it is given a few seconds again and again.
    ///
    /// - Parameters:
    ///   - launch: The launch.
    ///   - options: The group's options.
    /// - Returns: The store.
    /// - Throws: `.unreachable` if it cannot be hosted here or does not answer in time; `.interrupted`.
    static func connect(_ launch: Launch, _ options: GroupOptions) throws(DistributedError) -> SharedStore {
        let host = LocalAddress.unbracketed(launch.address)
        let place = host.contains(":") ? "[\(host)]:\(launch.port)" : "\(host):\(launch.port)"
        let isServer = launch.rank == 0 && !launch.isStoreHosted
        let deadline = Deadline(in: options.startUpTimeout)
        let noteTime = Deadline(in: options.noteDelay)
        var hasNoted = false
        while true {
            do throws(TorchError) {
                let time =
                    isServer
                    ? Duration.seconds(10) : min(max(deadline.remaining, .milliseconds(100)), .seconds(4))
                let store = try RendezvousStore(
                    host: host,
                    port: launch.port,
                    isServer: isServer,
                    timeout: time
                )
                return SharedStore(store, at: place, of: storeHost(launch))
            } catch {
                if isServer { throw notHosted(at: place, port: launch.port, error) }
                if options.shouldStop() {
                    throw DistributedError.interrupted(waitingFor: "the store at \(place)")
                }
                if deadline.isOver { throw notFound(at: place, launch, options, error) }
            }
            if noteTime.isOver, !hasNoted {
                hasNoted = true
                options.note("waiting for the store at \(place)")
            }
            sleep(for: .milliseconds(200))
        }
    }

    /// The process that hosts the store of a launch, for messages.
    private static func storeHost(_ launch: Launch) -> String {
        launch.isStoreHosted ? "the launcher's first node" : "rank 0"
    }

    private static func notHosted(at place: String, port: Int, _ error: TorchError) -> DistributedError {
        if error.message.contains("EADDRINUSE") || error.message.contains("in use") {
            return DistributedError(
                .unreachable,
                "port \(port) of this host is in use, perhaps by another run; start all processes with another MASTER_PORT"
            )
        }
        return DistributedError(
            .unreachable,
            "rank 0 cannot host the store at \(place): \(error.reason); MASTER_ADDR must be an address of rank 0's host"
        )
    }

    private static func notFound(
        at place: String,
        _ launch: Launch,
        _ options: GroupOptions,
        _ error: TorchError
    ) -> DistributedError {
        DistributedError(
            .unreachable,
            "\(storeHost(launch)) does not answer at \(place) within \(options.startUpTimeout.inSeconds) (\(error.reason)); check that it "
                + "runs, that MASTER_ADDR and MASTER_PORT are the same everywhere, and that no firewall closes the port"
        )
    }
}

extension TorchError {
    /// The first line of libtorch's message, without places in its sources.
    var reason: String {
        let line = message.split(whereSeparator: \.isNewline).first.map(String.init) ?? message
        guard line.hasPrefix("["), let end = line.firstIndex(of: "]") else { return line }
        return String(line[line.index(after: end)...].drop { $0 == " " })
    }
}
