import Foundation
import Synchronization
import TestSupport
import Testing
import Torch

@testable import ProcessGroups

@Suite(.hangGuard) struct ProcessGroupFailureTests {
    @Test func `the reason of a failing rank is the error of the others`() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "error.json")
            let outcomes = try ProcessGroupRanks.outcomes(
                2,
                launch: { $0.errorFile = $0.rank == 1 ? file : nil }
            ) {
                group in
                if group.rank == 1 { return group.fail("the disk is full") }
                try group.barrier("step 3")
            }
            let error = try #require(ProcessGroupRanks.error(of: outcomes[0]))
            #expect(error.code == .peerFailed)
            #expect(error.message.hasPrefix("rank 1") && error.message.hasSuffix("failed: the disk is full"))
            #expect(try String(contentsOf: file, encoding: .utf8).contains("the disk is full"))
        }
    }

    @Test func `rank 0 waits until the others have read its reason`() throws {
        let port = try RendezvousStore(host: "127.0.0.1", port: 0, isServer: true, timeout: .seconds(60)).port
        let outcomes = RankThreads.outcomes(2) { rank in
            let group = try ProcessGroup(Launch(rank: rank, worldSize: 2, address: "127.0.0.1", port: port))
            if rank == 0 { return group.fail("no memory") }
            try group.barrier("step 3")
        }
        let error = try #require(ProcessGroupRanks.error(of: outcomes[1]))
        #expect(error.code == .peerFailed && error.message.hasSuffix("failed: no memory"))
    }

    @Test func `a rank that ends without a reason is named`() throws {
        let outcomes = try ProcessGroupRanks.outcomes(3) { group in
            if group.rank == 1 { return }
            try group.barrier("step 3")
        }
        for rank in [0, 2] {
            let error = try #require(ProcessGroupRanks.error(of: outcomes[rank]))
            #expect(error.code == .peerFailed && error.message.hasPrefix("rank 1"))
            #expect(error.message.contains("ended without a reason"))
        }
    }

    @Test func `a wait ends when another rank has found one missing`() throws {
        let isOver = Gate()
        let outcomes = try ProcessGroupRanks.outcomes(
            3,
            options: { _ in GroupOptions(stepTimeout: .seconds(20)) }
        ) { group in
            if group.rank == 0 {
                defer { isOver.open() }
                return try group.barrier("step 3")
            }
            if group.rank == 2 {
                try group.store.set("missing/1", text: "[1]")
                _ = try group.store.add(1, to: "missing/count")
            }
            // All connections stay open.
            isOver.pass()
        }
        let error = try #require(ProcessGroupRanks.error(of: outcomes[0]))
        #expect(error.code == .peerFailed && error.message.hasPrefix("rank 1"))
    }

    @Test func `a late rank is named, and the group is unusable afterwards`() throws {
        let isOver = Gate()
        let outcomes = try ProcessGroupRanks.outcomes(
            2,
            options: { GroupOptions(stepTimeout: .seconds($0 == 0 ? 2 : 300)) }
        ) { group -> [DistributedError?] in
            if group.rank == 1 {
                isOver.pass()
                return []
            }
            defer { isOver.open() }
            return ["step 3", "step 4"].map { step in
                do throws(DistributedError) { try group.barrier(step) } catch { return error }
                return nil
            }
        }
        let errors = try outcomes[0].get()
        let error = try #require(errors[0])
        #expect(error.code == .timedOut && errors[1] == error)
        #expect(error.message.hasPrefix("step 3: waited 2 s for rank 1"))
        #expect(error.message.contains("--ddp-timeout"))
    }

    @Test func `announced work makes the others wait longer, and tells them why`() throws {
        let observed = Observed()
        let outcomes = try ProcessGroupRanks.outcomes(
            2,
            options: { rank in
                var options = GroupOptions(stepTimeout: .seconds(rank == 1 ? 3 : 300))
                options.noteDelay = .zero
                if rank == 1 { options.note = { observed.add($0) } }
                return options
            }
        ) { group in
            if group.isFirst { try group.announce("saving checkpoint-5") }
            try group.barrier("step 5")
            if group.isFirst {
                Thread.sleep(forTimeInterval: 6)
                try group.announce(nil)
            }
            try group.barrier("step 6")
            try group.leave()
        }
        for outcome in outcomes { #expect(throws: Never.self) { try outcome.get() } }
        #expect(observed.notes.contains("waiting for rank 0: saving checkpoint-5"))
    }

    @Test func `a request to stop ends a wait after a time of grace`() throws {
        let isOver = Gate()
        let observed = Observed()
        let outcomes = try ProcessGroupRanks.outcomes(
            2,
            options: { rank in
                var options = GroupOptions()
                options.stopGrace = .seconds(1)
                if rank == 0 { options.shouldStop = { observed.isAskedToStop } }
                return options
            }
        ) { group in
            if group.rank == 1 { return isOver.pass() }
            defer { isOver.open() }
            observed.askToStop()
            try group.barrier("step 3")
        }
        let error = try #require(ProcessGroupRanks.error(of: outcomes[0]))
        #expect(error.code == .interrupted && error.message.contains("step 3"))
    }

    @Test func `a rank that waits for something else is named`() throws {
        let isOver = Gate()
        let outcomes = try ProcessGroupRanks.outcomes(
            2,
            options: { rank in
                var options = GroupOptions(stepTimeout: .seconds(rank == 0 ? 5 : 300))
                options.noteDelay = .zero
                return options
            }
        ) { group in
            let tensor = try Tensor.zeros([1])
            if group.rank == 0 {
                defer { isOver.open() }
                return try group.sum(tensor, "step 3")
            }
            // A broadcast from the other rank, which sums instead.
            let pending = try group.startBroadcast(tensor, from: 0)
            for _ in 0..<2 { _ = try? pending.work.wait(for: .seconds(1)) }
            try group.store.set("step/1", text: "\(pending.number) the evaluation")
            isOver.pass()
        }
        let error = try #require(ProcessGroupRanks.error(of: outcomes[0]))
        #expect(error.code == .timedOut)
        #expect(error.message.contains("the evaluation: the processes do different things"))
    }

    @Test func `a store that no process hosts is an error that names its place`() throws {
        let port = try RendezvousStore(host: "127.0.0.1", port: 0, isServer: true, timeout: .seconds(60)).port
        #expect {
            try ProcessGroup(
                Launch(rank: 1, worldSize: 2, address: "127.0.0.1", port: port),
                GroupOptions(startUpTimeout: .seconds(1))
            )
        } throws: {
            let error = $0 as? DistributedError
            return error?.code == .unreachable && error?.message.contains("127.0.0.1:\(port)") == true
        }
    }

    @Test func `a taken port is an error that names another one as the remedy`() throws {
        let server = try RendezvousStore(host: "127.0.0.1", port: 0, isServer: true, timeout: .seconds(60))
        #expect {
            try ProcessGroup(Launch(rank: 0, worldSize: 2, address: "127.0.0.1", port: server.port))
        } throws: {
            let error = $0 as? DistributedError
            return error?.code == .unreachable && error?.message.contains("MASTER_PORT") == true
        }
    }
}

/// Messages of a group, and a request to stop it.
private final class Observed: Sendable {
    private let texts = Mutex<[String]>([])
    private let isAsked = Atomic(false)

    var notes: [String] { texts.withLock { $0 } }
    var isAskedToStop: Bool { isAsked.load(ordering: .relaxed) }

    func add(_ note: String) { texts.withLock { $0.append(note) } }
    func askToStop() { isAsked.store(true, ordering: .relaxed) }
}
