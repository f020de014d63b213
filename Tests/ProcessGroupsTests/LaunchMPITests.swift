import TestSupport
import Testing

@testable import ProcessGroups

/// Positions of the processes of Open MPI and MPICH.
struct LaunchMPITests {
    private static let openMPI = [
        "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_LOCAL_RANK": "1",
        "OMPI_COMM_WORLD_LOCAL_SIZE": "2", "OMPI_COMM_WORLD_NODE_RANK": "1", "PMIX_RANK": "1",
        "PMIX_HOSTNAME": "vm", "PMIX_NAMESPACE": "2868510721",
    ]
    private static let mpich = [
        "PMI_RANK": "1", "PMI_SIZE": "2", "MPI_LOCALRANKID": "1", "MPI_LOCALNRANKS": "2", "PMI_FD": "9",
    ]

    private func detect(
        _ environment: [String: String],
        _ changes: [String: String?] = [:],
        parent: Int32 = 100
    ) throws -> Launch? {
        var environment = environment
        for (name, value) in changes { environment[name] = value }
        return try Launch.detect(in: environment, parent: parent)
    }

    private func message(_ environment: [String: String], _ changes: [String: String?]) throws -> String {
        let error = try #require(#expect(throws: DistributedError.self) { try detect(environment, changes) })
        #expect(error.code == .badLaunch)
        return error.message
    }

    @Test(arguments: [(openMPI, Launch.Launcher.openMPI), (mpich, Launch.Launcher.mpich)])
    func `processes of one host meet on the loopback address`(
        environment: [String: String],
        launcher: Launch.Launcher
    ) throws {
        let launch = try #require(try detect(environment))
        #expect(launch.launcher == launcher)
        #expect(launch.rank == 1)
        #expect(launch.worldSize == 2)
        #expect(launch.localRank == 1)
        #expect(launch.localWorldSize == 2)
        #expect(launch.address == "127.0.0.1")
        #expect((12_000..<28_000).contains(launch.port))
        #expect(!launch.isStoreHosted)
    }

    @Test func `two jobs of one host have different ports`() throws {
        // Open MPI names the job, and a script between mpirun and the program changes the parent.
        let port = try detect(Self.openMPI)?.port
        #expect(try detect(Self.openMPI, parent: 200)?.port == port)
        #expect(try detect(Self.openMPI, ["PMIX_NAMESPACE": "2868510722"])?.port != port)
        // The processes of MPICH have the same parent.
        let parents = try (1000..<1200).map { try detect(Self.mpich, parent: $0)?.port }
        #expect(Set(parents).count == 200)
    }

    @Test func `several hosts need MASTER_ADDR, and the error says how to set it`() throws {
        let open = try message(
            Self.openMPI,
            ["OMPI_COMM_WORLD_LOCAL_SIZE": "1", "OMPI_COMM_WORLD_LOCAL_RANK": "0"]
        )
        #expect(open.contains("mpirun -x MASTER_ADDR=HOST"), "\(open)")
        let several: [String: String?] = ["MPI_LOCALNRANKS": "1", "MPI_LOCALRANKID": "0"]
        let hydra = try message(Self.mpich, several)
        #expect(hydra.contains("mpiexec -genv MASTER_ADDR HOST"), "\(hydra)")
        let unknown = try message(Self.mpich, ["MPI_LOCALNRANKS": nil])
        #expect(unknown.contains("MASTER_ADDR"), "\(unknown)")
        // Parents differ between hosts, so no port follows from them.
        let port = try message(Self.mpich, several.merging(["MASTER_ADDR": "node1"]) { $1 })
        #expect(port.contains("mpiexec -genv MASTER_PORT 29500"), "\(port)")
    }

    @Test func `MASTER_ADDR and MASTER_PORT are taken`() throws {
        let several: [String: String?] = [
            "OMPI_COMM_WORLD_LOCAL_SIZE": "1", "OMPI_COMM_WORLD_LOCAL_RANK": "0", "MASTER_ADDR": "node1",
        ]
        let launch = try detect(Self.openMPI, several)
        #expect(launch?.address == "node1")
        #expect(launch?.port == (try detect(Self.openMPI)?.port))
        #expect(try detect(Self.mpich, ["MASTER_PORT": "4000"])?.port == 4000)
    }

    @Test func `launchers that contradict each other are named`() throws {
        let plain = ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "1"]
        let rank = try message(Self.mpich.merging(plain) { $1 }, [:])
        #expect(rank.hasPrefix("RANK is 0, but PMI_RANK is 1; unset RANK and WORLD_SIZE"), "\(rank)")
        let both = try message(Self.openMPI, ["PMI_RANK": "0", "PMI_SIZE": "2"])
        #expect(both.hasPrefix("OMPI_COMM_WORLD_RANK is 1 of 2, but PMI_RANK is 0 of 2"), "\(both)")
    }
}
