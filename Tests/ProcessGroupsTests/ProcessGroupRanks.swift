import TestSupport
import Torch

@testable import ProcessGroups

/// Runs threads as the processes of a group, with a store that the test hosts as torchrun's agent does.
enum ProcessGroupRanks {
    /// Runs a closure for each rank with its group, and waits for all.
    ///
    /// - Parameters:
    ///   - size: The number of ranks.
    ///   - options: The options of a rank.
    ///   - launch: Changes the launch of a rank.
    ///   - values: The values of a rank that must be the same in all.
    ///   - body: Receives a rank's group.
    /// - Returns: The outcomes in the order of ranks.
    /// - Throws: `.disconnected` if the store cannot be hosted.
    static func outcomes<Value: Sendable>(
        _ size: Int,
        options: @escaping @Sendable (Int) -> GroupOptions = { _ in GroupOptions() },
        launch: @escaping @Sendable (inout Launch) -> Void = { _ in },
        values: @escaping @Sendable (Int) -> [AgreedValue] = { _ in [] },
        _ body: @escaping @Sendable (ProcessGroup) throws -> Value
    ) throws -> [Result<Value, any Error>] {
        let server = try RendezvousStore(host: "127.0.0.1", port: 0, isServer: true, timeout: .seconds(60))
        let port = server.port
        let outcomes = RankThreads.outcomes(size) { rank in
            var place = Launch(
                rank: rank,
                worldSize: size,
                address: "127.0.0.1",
                port: port,
                isStoreHosted: true
            )
            launch(&place)
            return try body(ProcessGroup(place, options(rank), agreeingOn: values(rank)))
        }
        withExtendedLifetime(server) {}
        return outcomes
    }

    /// Runs a closure for each rank with its group, which then leaves, and returns the values in the order of ranks.
    static func values<Value: Sendable>(
        _ size: Int,
        _ body: @escaping @Sendable (ProcessGroup) throws -> Value
    ) throws -> [Value] {
        let results = try outcomes(size) { group in
            let value = try body(group)
            try group.leave()
            return value
        }
        return try results.map { try $0.get() }
    }

    /// The error of an outcome; nil if there is none, or another one than this module's.
    static func error<Value>(of outcome: Result<Value, any Error>) -> DistributedError? {
        guard case .failure(let error) = outcome else { return nil }
        return error as? DistributedError
    }
}
