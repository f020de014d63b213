/// A process's position among the processes of its job, as one launcher gives it.
struct LaunchPlace: Equatable {
    var launcher: Launch.Launcher
    var rank: Int
    var worldSize: Int
    var localRank: Int?
    var localWorldSize: Int?
}

extension Launch.Launcher {
    /// The launcher's name in messages.
    var title: String {
        switch self {
        case .torchrun: "torchrun"
        case .environment: "the environment"
        case .slurm: "Slurm"
        case .openMPI: "Open MPI"
        case .mpich: "MPICH"
        }
    }

    /// The variables in which the launcher passes a process's position.
    var names: (rank: String, size: String, localRank: String, localSize: String?) {
        switch self {
        case .torchrun, .environment: ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
        case .slurm: ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", nil)
        case .openMPI:
            (
                "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
                "OMPI_COMM_WORLD_LOCAL_SIZE"
            )
        case .mpich: ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS")
        }
    }
}

/// The environment of a process, with errors that name the variable.
struct LaunchVariables {
    private let environment: [String: String]

    init(_ environment: [String: String]) { self.environment = environment }

    /// The value of a variable without surrounding white space; nil if it is missing or empty.
    func text(_ name: String) -> String? {
        guard let value = environment[name] else { return nil }
        let text = value.drop(while: \.isWhitespace)
        guard let end = text.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        return String(text[...end])
    }

    /// Whether a variable has a value.
    func isSet(_ name: String) -> Bool { text(name) != nil }

    /// The names among these that have a value.
    func present(_ names: String...) -> [String] { names.filter(isSet) }

    /// The value of a variable that holds a whole number, at least `least`; nil if it is missing or empty.
    func number(_ name: String, atLeast least: Int = 0) throws(DistributedError) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text), number >= least else {
            throw DistributedError(
                .badLaunch,
                "\(name) is \"\(text)\", but it must be a whole number from \(least)"
            )
        }
        return number
    }

    /// The position of this process from a launcher's variables; nil if neither rank nor size is set.
    func place(_ launcher: Launch.Launcher) throws(DistributedError) -> LaunchPlace? {
        let names = launcher.names
        let rank = try number(names.rank)
        let size = try number(names.size, atLeast: 1)
        if rank == nil, size == nil { return nil }
        guard let rank else { throw Self.halfSet(names.size, without: names.rank) }
        guard let size else { throw Self.halfSet(names.rank, without: names.size) }
        try Self.check(names.rank, rank, isBelow: names.size, size)
        var place = LaunchPlace(launcher: launcher, rank: rank, worldSize: size)
        place.localRank = try number(names.localRank)
        guard let localName = names.localSize, let localSize = try number(localName, atLeast: 1) else {
            return place
        }
        place.localWorldSize = localSize
        if let localRank = place.localRank {
            try Self.check(names.localRank, localRank, isBelow: localName, localSize)
        }
        guard localSize <= size else {
            throw DistributedError(
                .badLaunch,
                "\(localName) is \(localSize), but \(names.size) is only \(size); start the processes again with a launcher "
                    + "such as torchrun, which sets both"
            )
        }
        return place
    }

    /// The address of rank 0's host from `MASTER_ADDR`, without brackets; nil if it is not set.
    func masterAddress() throws(DistributedError) -> String? {
        guard let text = text("MASTER_ADDR") else { return nil }
        let address = LocalAddress.unbracketed(text)
        let colons = address.count { $0 == ":" }
        let isName = !address.contains { $0.isWhitespace || "[]/,".contains($0) }
        guard isName, colons != 1, !address.isEmpty else {
            throw DistributedError(
                .badLaunch,
                "MASTER_ADDR is \"\(text)\", but it must be the name or the IP address of one host; the port belongs into "
                    + "MASTER_PORT"
            )
        }
        return address
    }

    /// The port of the store from `MASTER_PORT`; nil if it is not set.
    func masterPort() throws(DistributedError) -> Int? {
        guard let port = try number("MASTER_PORT", atLeast: 1) else { return nil }
        guard port <= 65_535 else {
            throw DistributedError(.badLaunch, "MASTER_PORT is \(port), but ports end at 65535")
        }
        return port
    }

    /// The error for a variable whose companion is missing.
    static func halfSet(_ name: String, without missing: String) -> DistributedError {
        DistributedError(
            .badLaunch,
            "\(name) is set, but \(missing) is not; launchers set both: set \(missing), too, or unset \(name)"
        )
    }

    private static func check(
        _ name: String,
        _ number: Int,
        isBelow limitName: String,
        _ limit: Int
    ) throws(DistributedError) {
        guard number >= limit else { return }
        throw DistributedError(
            .badLaunch,
            "\(name) is \(number), but \(limitName) is \(limit), so it must be "
                + (limit == 1 ? "0" : "from 0 to \(limit - 1)")
        )
    }
}
