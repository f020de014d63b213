import TestSupport
import Testing

@testable import ProcessGroups

/// Positions of Slurm's tasks.
struct LaunchSlurmTests {
    /// The variables of the sixth of seven tasks on four nodes.
    private static let task = [
        "SLURM_PROCID": "5", "SLURM_NTASKS": "7", "SLURM_NPROCS": "7", "SLURM_STEP_NUM_TASKS": "7",
        "SLURM_LOCALID": "1", "SLURM_NODEID": "2", "SLURM_NNODES": "4", "SLURM_TASKS_PER_NODE": "2(x3),1",
        "SLURM_JOB_ID": "1234", "SLURM_STEP_ID": "0", "SLURM_JOB_NODELIST": "gpu[08-12]",
        "SLURM_STEP_NODELIST": "gpu[09-12]", "SLURM_SRUN_COMM_HOST": "10.0.0.1",
    ]

    private func detect(_ changes: [String: String?] = [:]) throws -> Launch? {
        var environment = Self.task
        for (name, value) in changes { environment[name] = value }
        return try Launch.detect(in: environment, parent: 100)
    }

    private func message(_ changes: [String: String?]) throws -> String {
        let error = try #require(#expect(throws: DistributedError.self) { try detect(changes) })
        #expect(error.code == .badLaunch)
        return error.message
    }

    @Test func `rank 0 is on the step's first node`() throws {
        let launch = try #require(try detect())
        #expect(launch.launcher == .slurm)
        #expect(launch.rank == 5)
        #expect(launch.worldSize == 7)
        #expect(launch.localRank == 1)
        #expect(launch.localWorldSize == 2)
        #expect(launch.address == "gpu09")
        #expect(!launch.isStoreHosted)
        #expect(launch.restartCount == 0)
        #expect(try detect(["SLURM_STEP_NODELIST": nil])?.address == "gpu08")
    }

    @Test func `jobs, and steps of a job, have different ports below those of other programs`() throws {
        var ports: Set<Int> = []
        for job in 1000..<1100 { ports.insert(try #require(try detect(["SLURM_JOB_ID": "\(job)"])).port) }
        for step in 1..<30 { ports.insert(try #require(try detect(["SLURM_STEP_ID": "\(step)"])).port) }
        #expect(ports.count >= 128)
        #expect(ports.allSatisfy { (12_000..<28_000).contains($0) })
        #expect(try detect()?.port == detect(["SLURM_PROCID": "0"])?.port)
    }

    @Test func `a batch script, the shell of salloc and an interactive step are not tasks`() throws {
        #expect(try detect(["SLURM_STEP_ID": nil]) == nil)
        #expect(try detect(["SLURM_STEP_ID": nil, "SLURM_PROCID": nil]) == nil)
        #expect(try detect(["SLURM_STEP_ID": "4294967290"]) == nil)
        #expect(try detect(["SLURM_STEP_ID": "4294967291"]) == nil)
    }

    @Test func `tasks of one node meet on the loopback address`() throws {
        let launch = try detect([
            "SLURM_STEP_NODELIST": "vm", "SLURM_JOB_NODELIST": "vm", "SLURM_TASKS_PER_NODE": "7",
            "SLURM_NODEID": "0",
        ])
        #expect(launch?.address == "127.0.0.1")
        #expect(launch?.localWorldSize == 7)
    }

    @Test func `MASTER_ADDR and MASTER_PORT replace Slurm's`() throws {
        let launch = try detect(["MASTER_ADDR": "[fd00::9]", "MASTER_PORT": "4000"])
        #expect(launch?.address == "fd00::9")
        #expect(launch?.port == 4000)
        #expect(try detect(["MASTER_ADDR": "gpu12"])?.port == detect()?.port)
    }

    @Test func `a node list that cannot be read is an error only if it is needed`() throws {
        let list: [String: String?] = ["SLURM_STEP_NODELIST": "gpu[9-"]
        #expect(try message(list).contains("MASTER_ADDR"))
        #expect(try detect(list.merging(["MASTER_ADDR": "gpu09"]) { $1 })?.address == "gpu09")
        let missing = try message(["SLURM_STEP_NODELIST": nil, "SLURM_JOB_NODELIST": nil])
        #expect(missing.contains("SLURM_JOB_NODELIST is not"), "\(missing)")
    }

    @Test func `variables that a batch script exports must agree with the step`() throws {
        #expect(try detect(["WORLD_SIZE": "7"])?.launcher == .slurm)
        #expect(try detect(["RANK": "5"])?.rank == 5)
        let full = try detect(["RANK": "5", "WORLD_SIZE": "7", "MASTER_ADDR": "gpu10"])
        #expect(full?.launcher == .environment)
        #expect(full?.address == "gpu10")
        #expect(full?.localRank == 1)
        #expect(
            try message(["RANK": "0", "WORLD_SIZE": "7"])
                == "RANK is 0, but SLURM_PROCID is 5; unset RANK and WORLD_SIZE to take the numbers of Slurm, or "
                + "SLURM_STEP_ID to take the first"
        )
        let size = try message(["WORLD_SIZE": "8"])
        #expect(size.hasPrefix("WORLD_SIZE is 8, but SLURM_NTASKS is 7"), "\(size)")
        let tasks = try message(["SLURM_NTASKS": "9"])
        #expect(tasks.hasPrefix("SLURM_NTASKS is 9, but SLURM_STEP_NUM_TASKS is 7"), "\(tasks)")
    }

    @Test func `a shell in a step of one task may start several processes`() throws {
        let shell: [String: String?] = [
            "SLURM_NTASKS": "1", "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0",
            "SLURM_TASKS_PER_NODE": "1",
            "SLURM_NODEID": "0", "SLURM_STEP_NODELIST": "vm",
        ]
        #expect(try detect(shell)?.worldSize == 1)
        let started = try detect(shell.merging(LaunchTests.plain.mapValues { Optional($0) }) { $1 })
        #expect(started?.launcher == .environment)
        #expect(started?.worldSize == 4)
        #expect(started?.address == "node1")
        let size = try message(shell.merging(["WORLD_SIZE": "4"]) { $1 })
        #expect(size.hasPrefix("WORLD_SIZE is 4, but SLURM_NTASKS is 1"), "\(size)")
    }

    @Test func `a missing variable of a step is named`() throws {
        let size = try message(["SLURM_NTASKS": nil])
        #expect(size.hasPrefix("SLURM_PROCID is set, but SLURM_NTASKS is not"), "\(size)")
        let job = try message(["SLURM_JOB_ID": nil])
        #expect(job.contains("SLURM_JOB_ID is not"), "\(job)")
    }

    @Test func `a job that Slurm starts again was restarted`() throws {
        #expect(try detect(["SLURM_RESTART_COUNT": "2"])?.restartCount == 2)
        let torchrun = LaunchTests.torchrun.merging(["SLURM_RESTART_COUNT": "1"]) { $1 }
        #expect(try Launch.detect(in: torchrun)?.restartCount == 3)
    }

    @Test func `processes of mpirun inherit the numbers of its helpers, which srun started`() throws {
        let ranks: [String: String?] = [
            "OMPI_COMM_WORLD_RANK": "20", "OMPI_COMM_WORLD_SIZE": "28", "OMPI_COMM_WORLD_LOCAL_RANK": "6",
            "OMPI_COMM_WORLD_LOCAL_SIZE": "7", "PMIX_NAMESPACE": "99", "MASTER_ADDR": "gpu09",
        ]
        let launch = try detect(ranks)
        #expect(launch?.launcher == .openMPI)
        #expect(launch?.rank == 20)
        #expect(launch?.worldSize == 28)
        // srun --mpi=pmi2 sets the variables of MPICH to its own numbers.
        #expect(try detect(["PMI_RANK": "5", "PMI_SIZE": "7"])?.launcher == .slurm)
        let left = try message(["PMI_RANK": "0", "PMI_SIZE": "1"])
        #expect(left.contains("unset PMI_RANK and PMI_SIZE"), "\(left)")
    }

    @Test func `tasks per node are expanded`() {
        #expect(Launch.taskCounts("2(x3),1") == [2, 2, 2, 1])
        #expect(Launch.taskCounts("4") == [4])
        for text in ["", "a", "2(3)", "2(x", "2(x0)", "2,", "-1", "1(x1000000000)"] {
            #expect(Launch.taskCounts(text) == nil, "\(text)")
        }
    }
}
