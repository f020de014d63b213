import Files

extension Launch {
    /// The ports of jobs whose launcher chooses none.
    ///
    /// They are below those that Linux and macOS give to any program, and leave out torchrun's 29500.
    private static let jobPorts = 12_000..<28_000

    /// A port for a job, the same in all its processes.
    ///
    /// - Parameters:
    ///   - job: The job's number. Neighboring numbers get different ports.
    ///   - step: The number of a part of the job that may run at the same time as others.
    /// - Returns: A port from 12,000 to 27,999.
    static func derivedPort(fromJob job: Int, step: Int = 0) -> Int {
        let count = jobPorts.count
        return jobPorts.lowerBound + (job % count * 31 + step % count) % count
    }

    /// A port for a job that is named by a text.
    static func derivedPort(fromName name: String) -> Int {
        var hash = Fingerprint()
        hash.add(Array(name.utf8))
        return derivedPort(fromJob: Int((UInt64(hash.text, radix: 16) ?? 0) >> 1))
    }

    /// This process's position as a process of mpirun; nil if it is none.
    static func mpiPlace(_ variables: LaunchVariables) throws(DistributedError) -> LaunchPlace? {
        let open = try variables.place(.openMPI)
        let hydra = try variables.place(.mpich)
        if let open, let hydra, open.rank != hydra.rank || open.worldSize != hydra.worldSize {
            let names = (open.launcher.names, hydra.launcher.names)
            throw DistributedError(
                .badLaunch,
                "\(names.0.rank) is \(open.rank) of \(open.worldSize), but \(names.1.rank) is \(hydra.rank) of "
                    + "\(hydra.worldSize); unset the variables of the launcher that did not start this process"
            )
        }
        return open ?? hydra
    }

    /// The launch of a process of mpirun.
    ///
    /// MPI names no host and no port. On one host the loopback address and a port that follows from the job will do; on several,
    /// `MASTER_ADDR` is needed.
    static func mpi(
        _ place: LaunchPlace,
        _ variables: LaunchVariables,
        parent: Int
    ) throws(DistributedError) -> Launch {
        let isOnOneHost = place.worldSize == 1 || place.localWorldSize == place.worldSize
        let address = try variables.masterAddress() ?? (isOnOneHost ? "127.0.0.1" : nil)
        guard let address else { throw noAddress(place) }
        // All processes of a job have Open MPI's job name. With MPICH, those of one host have the same parent.
        let job = variables.text("PMIX_NAMESPACE") ?? variables.text("OMPI_MCA_ess_base_jobid")
        var port = try variables.masterPort()
        if port == nil, place.launcher == .openMPI { port = job.map { derivedPort(fromName: $0) } }
        if port == nil, isOnOneHost { port = derivedPort(fromJob: parent) }
        guard let port else { throw noPort(place) }
        return Launch(
            launcher: place.launcher,
            rank: place.rank,
            worldSize: place.worldSize,
            localRank: place.localRank,
            localWorldSize: place.localWorldSize,
            address: address,
            port: port,
            restartCount: try requeueCount(variables)
        )
    }

    private static func noAddress(_ place: LaunchPlace) -> DistributedError {
        DistributedError(
            .badLaunch,
            "\(place.launcher.title) started \(place.worldSize) processes, perhaps on several hosts, but MASTER_ADDR is not "
                + "set; give the host of rank 0: \(command(place.launcher, "MASTER_ADDR", "HOST"))"
        )
    }

    private static func noPort(_ place: LaunchPlace) -> DistributedError {
        DistributedError(
            .badLaunch,
            "MASTER_ADDR is set, but MASTER_PORT is not; give a free port of the host of rank 0: "
                + command(place.launcher, "MASTER_PORT", "29500")
        )
    }

    /// The command that sets a variable for all processes.
    private static func command(_ launcher: Launcher, _ name: String, _ value: String) -> String {
        launcher == .openMPI ? "mpirun -x \(name)=\(value) …" : "mpiexec -genv \(name) \(value) …"
    }
}
