import Foundation
import TestSupport
import Testing

@testable import ProcessGroups

/// Positions from the variables of torchrun, and from `RANK` and `WORLD_SIZE`.
struct LaunchTests {
    /// The variables that torchrun sets for the second of two processes, as printed by a worker.
    static let torchrun = [
        "RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "GROUP_RANK": "0",
        "GROUP_WORLD_SIZE": "1", "ROLE_RANK": "1", "ROLE_WORLD_SIZE": "2", "ROLE_NAME": "default",
        "MASTER_ADDR": "localhost", "MASTER_PORT": "40213", "TORCHELASTIC_RUN_ID": "none",
        "TORCHELASTIC_RESTART_COUNT": "2", "TORCHELASTIC_MAX_RESTARTS": "3",
        "TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_ERROR_FILE": "/tmp/attempt_2/1/error.json",
        "OMP_NUM_THREADS": "1", "TORCH_NCCL_ASYNC_ERROR_HANDLING": "1",
    ]
    /// The variables of a script that starts four processes.
    static let plain = ["RANK": "3", "WORLD_SIZE": "4", "MASTER_ADDR": "node1", "MASTER_PORT": "29500"]

    private func error(_ environment: [String: String]) throws -> DistributedError {
        let error = try #require(
            #expect(throws: DistributedError.self) { try Launch.detect(in: environment, parent: 100) }
        )
        #expect(error.code == .badLaunch)
        return error
    }

    @Test(
        arguments: [
            [:], ["PATH": "/bin", "OMP_NUM_THREADS": "4"],
            // A shell may still have these from another job.
            ["MASTER_ADDR": "node1", "MASTER_PORT": "29500"], ["RANK": "", "WORLD_SIZE": " "],
        ] as [[String: String]]
    )
    func `a process without a launcher is alone`(environment: [String: String]) throws {
        #expect(try Launch.detect(in: environment, parent: 100) == nil)
    }

    @Test func `torchrun's agent hosts the store`() throws {
        let launch = try Launch.detect(in: Self.torchrun, parent: 100)
        let expected = Launch(
            launcher: .torchrun,
            rank: 1,
            worldSize: 2,
            localRank: 1,
            localWorldSize: 2,
            address: "localhost",
            port: 40_213,
            isStoreHosted: true,
            restartCount: 2,
            errorFile: URL(filePath: "/tmp/attempt_2/1/error.json")
        )
        #expect(launch == expected)
    }

    @Test(arguments: ["true", "1", "False", ""])
    func `rank 0 hosts the store unless the text is exactly True`(text: String) throws {
        var environment = Self.torchrun
        environment["TORCHELASTIC_USE_AGENT_STORE"] = text
        #expect(try Launch.detect(in: environment)?.isStoreHosted == false)
    }

    @Test func `torchrun's numbers come first, inside a task of srun or mpirun as well`() throws {
        let outer = [
            "SLURM_STEP_ID": "0", "SLURM_PROCID": "0", "SLURM_NTASKS": "1", "SLURM_JOB_ID": "7",
            "PMI_RANK": "5",
            "PMI_SIZE": "6",
        ]
        let launch = try Launch.detect(in: Self.torchrun.merging(outer) { own, _ in own })
        #expect(launch?.launcher == .torchrun)
        #expect(launch?.rank == 1)
        #expect(launch?.worldSize == 2)
    }

    @Test func `RANK and WORLD_SIZE need MASTER_ADDR and MASTER_PORT`() throws {
        let launch = try Launch.detect(in: Self.plain)
        #expect(
            launch == Launch(launcher: .environment, rank: 3, worldSize: 4, address: "node1", port: 29_500)
        )
        for name in ["MASTER_ADDR", "MASTER_PORT"] {
            var environment = Self.plain
            environment[name] = nil
            let message = try error(environment).message
            #expect(message.contains("RANK and WORLD_SIZE are set, but \(name) is not"), "\(message)")
        }
    }

    @Test func `a single process needs no address`() throws {
        let launch = try Launch.detect(in: ["RANK": "0", "WORLD_SIZE": "1"])
        #expect(launch?.worldSize == 1)
        #expect(launch?.address == "127.0.0.1")
    }

    @Test(arguments: [
        ("[fd00:77::1]", "fd00:77::1"), ("fd00:77::1", "fd00:77::1"), ("::1", "::1"), (" node1 ", "node1"),
        ("fe80::1%eth0", "fe80::1%eth0"), ("10.77.0.1", "10.77.0.1"),
    ])
    func `addresses may have brackets`(text: String, address: String) throws {
        var environment = Self.plain
        environment["MASTER_ADDR"] = text
        #expect(try Launch.detect(in: environment)?.address == address)
    }

    @Test(arguments: ["node1:29500", "[::1]:29500", "tcp://node1", "node1,node2", "[]", "node 1"])
    func `an address is one host without a port`(text: String) throws {
        var environment = Self.plain
        environment["MASTER_ADDR"] = text
        let message = try error(environment).message
        #expect(message.contains("MASTER_ADDR is \"\(text)\""), "\(message)")
        #expect(message.contains("MASTER_PORT"), "\(message)")
    }

    @Test(arguments: [
        ("RANK", "WORLD_SIZE"), ("WORLD_SIZE", "RANK"), ("LOCAL_RANK", "RANK"), ("LOCAL_WORLD_SIZE", "RANK"),
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
        ("PMI_RANK", "PMI_SIZE"), ("PMI_SIZE", "PMI_RANK"), ("SLURM_STEP_ID", "SLURM_PROCID"),
    ])
    func `a variable without its companion is an error that names both`(name: String, missing: String) throws
    {
        let message = try error([name: "1"]).message
        #expect(message.hasPrefix("\(name) is set, but \(missing) is not"), "\(message)")
        #expect(message.hasSuffix("unset \(name)"), "\(message)")
    }

    @Test func `torchrun without a rank is an error`() throws {
        let message = try error(["TORCHELASTIC_RUN_ID": "none"]).message
        #expect(message.contains("RANK and WORLD_SIZE are not"), "\(message)")
    }

    @Test(arguments: [
        ("RANK", "4", "RANK is 4, but WORLD_SIZE is 4, so it must be from 0 to 3"),
        ("RANK", "-1", "RANK is \"-1\", but it must be a whole number from 0"),
        ("RANK", "one", "RANK is \"one\", but it must be a whole number from 0"),
        ("WORLD_SIZE", "0", "WORLD_SIZE is \"0\", but it must be a whole number from 1"),
        ("MASTER_PORT", "0", "MASTER_PORT is \"0\", but it must be a whole number from 1"),
        ("MASTER_PORT", "70000", "MASTER_PORT is 70000, but ports end at 65535"),
        ("LOCAL_WORLD_SIZE", "5", "LOCAL_WORLD_SIZE is 5, but WORLD_SIZE is only 4"),
        ("LOCAL_RANK", "x", "LOCAL_RANK is \"x\", but it must be a whole number from 0"),
    ])
    func `impossible numbers are refused`(name: String, value: String, expected: String) throws {
        var environment = Self.plain
        environment[name] = value
        let message = try error(environment).message
        #expect(message.hasPrefix(expected), "\(message)")
    }

    @Test func `a local rank is below the number of local processes`() throws {
        var environment = Self.plain
        environment["LOCAL_RANK"] = "2"
        environment["LOCAL_WORLD_SIZE"] = "2"
        let message = try error(environment).message
        #expect(message.hasPrefix("LOCAL_RANK is 2, but LOCAL_WORLD_SIZE is 2"), "\(message)")
    }

    @Test func `in a PyTorchJob RANK may count pods`() throws {
        var environment = Self.plain
        environment["PET_NNODES"] = "4"
        environment["PET_NPROC_PER_NODE"] = "1"
        #expect(try Launch.detect(in: environment)?.rank == 3)
        environment["PET_NPROC_PER_NODE"] = "auto"
        #expect(try Launch.detect(in: environment)?.rank == 3)
        environment["PET_NPROC_PER_NODE"] = "2"
        let message = try error(environment).message
        #expect(message.contains("PET_NPROC_PER_NODE is 2"), "\(message)")
        #expect(message.contains("torchrun --no-python"), "\(message)")
    }

    @Test(arguments: [
        ("4", "1", "PET_NNODES is 4"), ("1:3", "1", "PET_NNODES is 3"), ("1", "2", "PET_NPROC"),
    ])
    func `arguments of torchrun alone are not a launch`(nodes: String, perNode: String, name: String) throws {
        let environment = ["PET_NNODES": nodes, "PET_NPROC_PER_NODE": perNode, "PET_NODE_RANK": "0"]
        let message = try error(environment).message
        #expect(message.hasPrefix(name), "\(message)")
        #expect(try Launch.detect(in: ["PET_NNODES": "1", "PET_NPROC_PER_NODE": "auto"]) == nil)
    }
}
