public import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The position of this process in a group, and the place where the group meets.
public struct Launch: Sendable, Equatable {
    /// The programs that start several processes, and the plain variables that all of them can set.
    public enum Launcher: String, Sendable {
        /// torchrun, or another program of `torch.distributed.elastic`, such as `accelerate launch`.
        case torchrun
        /// `RANK`, `WORLD_SIZE`, `MASTER_ADDR` and `MASTER_PORT`, as scripts and PyTorchJob set them.
        case environment
        /// Slurm's `srun`.
        case slurm
        /// Open MPI's `mpirun`.
        case openMPI
        /// The `mpiexec` of MPICH and of Intel MPI.
        case mpich
    }

    /// The launcher whose variables were taken.
    public var launcher: Launcher
    /// This process's rank, from 0.
    public var rank: Int
    /// The number of processes on all hosts.
    public var worldSize: Int
    /// This process's number on its host, from 0; nil if the launcher does not say.
    public var localRank: Int?
    /// The number of processes on this host; nil if the launcher does not say.
    public var localWorldSize: Int?
    /// The host of the store: a name, or an IPv4 or IPv6 address without brackets.
    public var address: String
    /// The port of the store.
    public var port: Int
    /// Whether torchrun hosts the store.
    ///
    /// Otherwise rank 0 does.
    public var isStoreHosted: Bool
    /// The number of times that the launcher has started this process again after a failure.
    ///
    /// It may differ between the hosts of one attempt.
    public var restartCount: Int
    /// The file in which torchrun expects the reason of a failure.
    public var errorFile: URL?

    /// Creates a position, for example of a thread in a test.
    ///
    /// - Parameters:
    ///   - launcher: The launcher.
    ///   - rank: The rank, from 0.
    ///   - worldSize: The number of processes.
    ///   - localRank: The number on this host, from 0.
    ///   - localWorldSize: The number of processes on this host.
    ///   - address: The host of the store.
    ///   - port: The port of the store.
    ///   - isStoreHosted: Whether the launcher hosts the store.
    ///   - restartCount: The number of earlier attempts.
    ///   - errorFile: The file for the reason of a failure.
    public init(
        launcher: Launcher = .environment,
        rank: Int,
        worldSize: Int,
        localRank: Int? = nil,
        localWorldSize: Int? = nil,
        address: String,
        port: Int,
        isStoreHosted: Bool = false,
        restartCount: Int = 0,
        errorFile: URL? = nil
    ) {
        self.launcher = launcher
        self.rank = rank
        self.worldSize = worldSize
        self.localRank = localRank
        self.localWorldSize = localWorldSize
        self.address = address
        self.port = port
        self.isStoreHosted = isStoreHosted
        self.restartCount = restartCount
        self.errorFile = errorFile
    }

    /// Finds out from the environment whether a launcher started this process, and its position.
    ///
    /// Variables are believed in this order: those of torchrun; `RANK` and `WORLD_SIZE`; those of Slurm, but only in a step
    /// of `srun`, because a batch script has a rank, too; those of Open MPI; those of MPICH.
    ///
    /// - Parameters:
    ///   - environment: The process's environment.
    ///   - parent: The number of the parent process; nil asks the system. Processes that MPICH started on one host share it,
    ///     so it becomes their port.
    /// - Returns: Nil if no launcher started this process.
    /// - Throws: `.badLaunch`, which names the variables, if some are missing, invalid, or contradict each other.
    public static func detect(
        in environment: [String: String],
        parent: Int32? = nil
    ) throws(DistributedError) -> Launch? {
        let variables = LaunchVariables(environment)
        if variables.isSet("TORCHELASTIC_RUN_ID") { return try torchrun(variables) }
        return try plain(variables, in: scheduled(variables, parent: Int(parent ?? getppid())))
    }

    /// A process of torchrun.
    private static func torchrun(_ variables: LaunchVariables) throws(DistributedError) -> Launch {
        guard let place = try variables.place(.torchrun) else {
            throw DistributedError(
                .badLaunch,
                "TORCHELASTIC_RUN_ID is set, but RANK and WORLD_SIZE are not; start the program with torchrun "
                    + "--no-python, or unset TORCHELASTIC_RUN_ID"
            )
        }
        var launch = try Launch(place, meetingAt: variables, in: nil)
        launch.isStoreHosted = variables.text("TORCHELASTIC_USE_AGENT_STORE") == "True"
        launch.restartCount += try variables.number("TORCHELASTIC_RESTART_COUNT") ?? 0
        launch.errorFile = variables.text("TORCHELASTIC_ERROR_FILE").map { URL(filePath: $0) }
        return launch
    }

    /// A process of Slurm or MPI; nil if neither started it.
    private static func scheduled(
        _ variables: LaunchVariables,
        parent: Int
    ) throws(DistributedError) -> Launch? {
        let step = try slurmPlace(variables)
        let mpi = try mpiPlace(variables)
        if let step, let mpi, step.rank != mpi.rank || step.worldSize != mpi.worldSize {
            // mpirun starts one helper per host with srun, and its processes inherit the helper's variables.
            guard mpi.worldSize >= step.worldSize else { throw contradiction(mpi, step) }
            return try Self.mpi(mpi, variables, parent: parent)
        }
        if let step { return try slurm(step, variables) }
        guard let mpi else { return nil }
        return try Self.mpi(mpi, variables, parent: parent)
    }

    /// A process with `RANK` and `WORLD_SIZE`, or that of Slurm or MPI if these do not contradict it.
    private static func plain(
        _ variables: LaunchVariables,
        in outer: Launch?
    ) throws(DistributedError) -> Launch? {
        let isComplete = variables.present("RANK", "WORLD_SIZE").count == 2
        // A shell in a step of one task may start several processes itself.
        let outer = isComplete && outer?.worldSize == 1 ? nil : outer
        if let outer {
            let rank = try variables.number("RANK") ?? outer.rank
            let size = try variables.number("WORLD_SIZE", atLeast: 1) ?? outer.worldSize
            guard rank == outer.rank, size == outer.worldSize else {
                throw contradiction(
                    LaunchPlace(launcher: .environment, rank: rank, worldSize: size),
                    LaunchPlace(launcher: outer.launcher, rank: outer.rank, worldSize: outer.worldSize)
                )
            }
            // Batch scripts often set only one of them.
            guard isComplete else { return outer }
        }
        guard let place = try variables.place(.environment) else {
            try checkNoneIsLeft(variables)
            return nil
        }
        if place.localRank == nil, let perPod = variables.text("PET_NPROC_PER_NODE").flatMap({ Int($0) }),
            perPod > 1
        {
            throw DistributedError(
                .badLaunch,
                "RANK is the number of a pod, because PET_NPROC_PER_NODE is \(perPod); start the program with torchrun "
                    + "--no-python, which reads that variable and starts \(perPod) processes"
            )
        }
        return try Launch(place, meetingAt: variables, in: outer)
    }

    /// Refuses variables that make sense only together with a rank.
    private static func checkNoneIsLeft(_ variables: LaunchVariables) throws(DistributedError) {
        if let name = variables.present("LOCAL_RANK", "LOCAL_WORLD_SIZE").first {
            throw LaunchVariables.halfSet(name, without: "RANK")
        }
        // Arguments of torchrun, which the pods of Kubeflow's Trainer have. "2:4" is a range of hosts.
        for name in ["PET_NNODES", "PET_NPROC_PER_NODE"] {
            let most = variables.text(name)?.split(separator: ":").last.flatMap { Int($0) } ?? 1
            guard most > 1 else { continue }
            throw DistributedError(
                .badLaunch,
                "\(name) is \(most), but RANK is not set, because torchrun did not start this process; start the program "
                    + "with torchrun --no-python, or unset \(name)"
            )
        }
    }

    /// Takes a position, and `MASTER_ADDR` and `MASTER_PORT`.
    ///
    /// - Parameters:
    ///   - place: The position.
    ///   - variables: The environment.
    ///   - outer: The launcher around it, which knows the rest.
    /// - Throws: `.badLaunch` if the place where the group meets is not known.
    private init(
        _ place: LaunchPlace,
        meetingAt variables: LaunchVariables,
        in outer: Launch?
    ) throws(DistributedError) {
        let isAlone = place.worldSize == 1
        let address = try variables.masterAddress() ?? outer?.address ?? (isAlone ? "127.0.0.1" : nil)
        let port = try variables.masterPort() ?? outer?.port ?? (isAlone ? 29_500 : nil)
        guard let address else {
            throw Self.missing("MASTER_ADDR", "the name or the IP address of the host of rank 0")
        }
        guard let port else {
            throw Self.missing("MASTER_PORT", "a free port of the host of rank 0, for example 29500")
        }
        self.init(
            launcher: place.launcher,
            rank: place.rank,
            worldSize: place.worldSize,
            localRank: place.localRank ?? outer?.localRank,
            localWorldSize: place.localWorldSize ?? outer?.localWorldSize,
            address: address,
            port: port,
            restartCount: try Self.requeueCount(variables)
        )
    }

    private static func missing(_ name: String, _ value: String) -> DistributedError {
        DistributedError(
            .badLaunch,
            "RANK and WORLD_SIZE are set, but \(name) is not; set it to \(value), the same for all processes"
        )
    }

    private static func contradiction(_ one: LaunchPlace, _ two: LaunchPlace) -> DistributedError {
        let isRank = one.rank != two.rank
        let first = isRank ? (one.launcher.names.rank, one.rank) : (one.launcher.names.size, one.worldSize)
        let second = isRank ? (two.launcher.names.rank, two.rank) : (two.launcher.names.size, two.worldSize)
        let names = two.launcher.names
        let other = two.launcher == .slurm ? "SLURM_STEP_ID" : "\(names.rank) and \(names.size)"
        return DistributedError(
            .badLaunch,
            "\(first.0) is \(first.1), but \(second.0) is \(second.1); unset \(one.launcher.names.rank) and "
                + "\(one.launcher.names.size) to take the numbers of \(two.launcher.title), or \(other) to take the first"
        )
    }
}
