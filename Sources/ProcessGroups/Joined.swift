import Torch

/// The parts of a group, in the order in which a process gets them when it joins.
struct Joined {
    let peers: [Peer]
    let wasRestarted: Bool
    let store: SharedStore
    let board: FailureBoard
    let gloo: CollectiveGroup

    /// Joins a group.
    ///
    /// - Parameters:
    ///   - launch: This process's place among the others.
    ///   - options: Time limits and connections to the program.
    ///   - values: Values that must be the same in all processes.
    /// - Throws: The errors of ``ProcessGroup/init(_:_:agreeingOn:)``.
    init(
        _ launch: Launch,
        _ options: GroupOptions,
        agreeingOn values: [AgreedValue]
    ) throws(DistributedError) {
        let deadline = Deadline(in: options.startUpTimeout)
        let (rank, size) = (launch.rank, launch.worldSize)
        // c10d would try for minutes to find an unknown name.
        let address = try LocalAddress.towards(launch.address, port: launch.port)
        let shared = try SharedStore.connect(launch, options)
        let prefix = try handshake(
            rank: rank,
            size: size,
            store: shared,
            timeout: deadline.remaining,
            shouldStop: options.shouldStop
        )
        let store = try shared.prefixed(prefix)
        let peers = try exchangePeers(
            .current(rank: rank, address: address),
            size: size,
            store: store,
            timeout: deadline.remaining,
            shouldStop: options.shouldStop
        )
        let board = FailureBoard(
            store: store,
            rank: rank,
            peers: peers,
            isStoreHosted: launch.isStoreHosted
        )
        self.peers = peers
        self.store = store
        self.board = board
        do throws(DistributedError) {
            try Self.compare(values, "the start", launch, peers, store, options, timeout: deadline.remaining)
            wasRestarted = try Self.wasRestarted(launch, store, deadline, options)
            gloo = try Self.connect(rank, peers, store, prefix: "gloo", timeout: Self.ownTimeout(options))
        } catch {
            // All processes get the result of a comparison; other errors are known only here.
            if error.code != .peerFailed, error.code != .mismatch { board.tell(error.message) }
            throw error
        }
    }

    /// Compares values of all processes.
    static func compare(
        _ values: [AgreedValue],
        _ topic: String,
        _ launch: Launch,
        _ peers: [Peer],
        _ store: SharedStore,
        _ options: GroupOptions,
        timeout: Duration
    ) throws(DistributedError) {
        try agree(
            values,
            about: topic,
            rank: launch.rank,
            peers: peers,
            store: store,
            timeout: timeout,
            shouldStop: options.shouldStop
        )
    }

    /// Whether any process counts a restart.
    ///
    /// torchrun's agents count separately.
    private static func wasRestarted(
        _ launch: Launch,
        _ store: SharedStore,
        _ deadline: Deadline,
        _ options: GroupOptions
    ) throws(DistributedError) -> Bool {
        try store.set("restarts/\(launch.rank)", text: String(launch.restartCount))
        var most = 0
        for other in 0..<launch.worldSize {
            let count = try store.get(
                "restarts/\(other)",
                until: deadline,
                for: "rank \(other) to start",
                shouldStop: options.shouldStop
            )
            guard let count else {
                throw DistributedError(
                    .timedOut,
                    "rank \(other) did not start within \(options.startUpTimeout.inSeconds); look at its messages"
                )
            }
            most = max(most, Int(String(decoding: count, as: UTF8.self)) ?? 0)
        }
        return most > 0
    }

    /// The time after which Gloo itself ends an operation: later than the waits of a group, which can name a process.
    static func ownTimeout(_ options: GroupOptions) -> Duration {
        options.longestTimeout + options.stepTimeout + .seconds(60)
    }

    /// Connects a group for CPU tensors with each other process.
    ///
    /// - Parameters:
    ///   - rank: This process's rank.
    ///   - peers: All processes, by rank.
    ///   - store: The store of this attempt.
    ///   - prefix: The prefix of the group's keys.
    ///   - timeout: The longest duration of an operation.
    /// - Returns: The group.
    /// - Throws: `.unreachable`.
    static func connect(
        _ rank: Int,
        _ peers: [Peer],
        _ store: SharedStore,
        prefix: String,
        timeout: Duration
    ) throws(DistributedError) -> CollectiveGroup {
        let address = peers[rank].address
        let connection = try store.connection(prefix: prefix)
        do throws(TorchError) {
            return try CollectiveGroup(
                gloo: connection,
                rank: rank,
                size: peers.count,
                address: address.isEmpty ? nil : address,
                timeout: timeout
            )
        } catch {
            throw DistributedError(
                .unreachable,
                "\(peers[rank]) cannot connect to the other processes from its address \(address): \(error.reason); all "
                    + "ports must be open between the hosts, or set GLOO_SOCKET_IFNAME to the network interface that they share"
            )
        }
    }
}
