extension Launch {
    /// Steps that are not tasks of `srun`, for example the shell of `salloc`, have numbers from here.
    ///
    /// Source: `slurm.h`, `SLURM_PENDING_STEP` to `SLURM_INTERACTIVE_STEP`.
    private static let firstReservedStep = 0xFFFF_FFF0

    /// This process's position in a step of `srun`; nil outside of one.
    ///
    /// A batch script has a rank and a number of tasks as well, but no step. A plain run in it has no other processes.
    static func slurmPlace(_ variables: LaunchVariables) throws(DistributedError) -> LaunchPlace? {
        guard let step = try variables.number("SLURM_STEP_ID"), step < firstReservedStep else { return nil }
        guard var place = try variables.place(.slurm) else {
            throw LaunchVariables.halfSet("SLURM_STEP_ID", without: "SLURM_PROCID")
        }
        if let tasks = try variables.number("SLURM_STEP_NUM_TASKS", atLeast: 1), tasks != place.worldSize {
            throw DistributedError(
                .badLaunch,
                "SLURM_NTASKS is \(place.worldSize), but SLURM_STEP_NUM_TASKS is \(tasks); start the program with srun "
                    + "without --preserve-env"
            )
        }
        place.localWorldSize = try tasksOnThisNode(variables, of: place.worldSize)
        return place
    }

    /// The launch of a task of `srun`.
    ///
    /// Slurm names no host and no port. Rank 0 is on the first node of the step. The port follows from job and step, so that
    /// jobs on the same node get different ones.
    static func slurm(
        _ place: LaunchPlace,
        _ variables: LaunchVariables
    ) throws(DistributedError) -> Launch {
        var place = place
        var address = try variables.masterAddress()
        if address == nil, let nodes = try nodeList(variables) {
            if nodes.count == 1 { place.localWorldSize = place.worldSize }
            address = nodes.first
        }
        // A node's own name may be unknown to its resolver, so it is not used on one node.
        let isOnOneNode = place.worldSize == 1 || place.localWorldSize == place.worldSize
        if isOnOneNode, !variables.isSet("MASTER_ADDR") { address = "127.0.0.1" }
        guard let address else {
            throw LaunchVariables.halfSet("SLURM_STEP_ID", without: "SLURM_JOB_NODELIST")
        }
        var port = try variables.masterPort()
        if port == nil {
            guard let job = try variables.number("SLURM_JOB_ID") else {
                throw LaunchVariables.halfSet("SLURM_STEP_ID", without: "SLURM_JOB_ID")
            }
            port = derivedPort(fromJob: job, step: try variables.number("SLURM_STEP_ID") ?? 0)
        }
        return Launch(
            launcher: .slurm,
            rank: place.rank,
            worldSize: place.worldSize,
            localRank: place.localRank,
            localWorldSize: place.localWorldSize,
            address: address,
            port: port ?? 0,
            restartCount: try requeueCount(variables)
        )
    }

    /// The number of times that Slurm has started the job again, for example after a node failed.
    static func requeueCount(_ variables: LaunchVariables) throws(DistributedError) -> Int {
        try variables.number("SLURM_RESTART_COUNT") ?? 0
    }

    /// The nodes of the step; nil if Slurm does not say.
    private static func nodeList(_ variables: LaunchVariables) throws(DistributedError) -> [String]? {
        guard let list = variables.text("SLURM_STEP_NODELIST") ?? variables.text("SLURM_JOB_NODELIST") else {
            return nil
        }
        return try SlurmNodeList.expand(list)
    }

    /// The number of tasks on this node, from a list such as `2(x3),1`; nil if the list is not that of this step.
    private static func tasksOnThisNode(
        _ variables: LaunchVariables,
        of worldSize: Int
    ) throws(DistributedError) -> Int? {
        let list = variables.text("SLURM_STEP_TASKS_PER_NODE") ?? variables.text("SLURM_TASKS_PER_NODE")
        guard let list, let node = try variables.number("SLURM_NODEID") else { return nil }
        guard let counts = taskCounts(list), counts.reduce(0, +) == worldSize, counts.indices.contains(node)
        else { return nil }
        return counts[node]
    }

    /// Expands `2(x3),1` to the tasks of each node: 2, 2, 2, 1; nil if the text has another form.
    static func taskCounts(_ list: String) -> [Int]? {
        var counts: [Int] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
            guard let count = Int(pieces[0]), count >= 0 else { return nil }
            var repeats = 1
            if pieces.count == 2 {
                guard pieces[1].hasPrefix("x"), pieces[1].hasSuffix(")"),
                    let number = Int(pieces[1].dropFirst().dropLast()), 1...100_000 ~= number
                else { return nil }
                repeats = number
            }
            counts += Array(repeating: count, count: repeats)
            guard counts.count <= 100_000 else { return nil }
        }
        return counts
    }
}
