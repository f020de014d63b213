import Attune
import Foundation
import ProcessGroups

/// This process as one of several that work on the same run.
final class GroupMember {
    /// The launch of this process.
    let launch: Launch
    /// The joined group.
    let group: ProcessGroup
    /// The signals that this process received.
    let interrupt: Interrupt
    /// The cores of this process.
    let share: CPUShare
    /// Whether the group has ended in order.
    private(set) var hasLeft = false

    /// Waits for the other processes, and joins them.
    ///
    /// - Parameters:
    ///   - launch: The launch of this process.
    ///   - values: Values that must be the same in all processes, besides the versions.
    ///   - timeout: The seconds to wait for another process in a step; nil takes the default.
    ///   - interrupt: The signals that this process receives; one of them ends the wait.
    /// - Throws: `DistributedError`.
    init(
        _ launch: Launch,
        agreeingOn values: [AgreedValue] = [],
        timeout: Int? = nil,
        _ interrupt: Interrupt
    ) throws {
        var options = GroupOptions()
        if let timeout { options.stepTimeout = .seconds(timeout) }
        let console = Console.current
        options.shouldStop = { interrupt.isRequested }
        options.note = { console.note($0) }
        let versions = [
            AgreedValue(name: "the version of attune", value: attuneVersion),
            AgreedValue(name: "the version of libtorch", value: TorchRuntime.version),
            AgreedValue(name: "the number of processes", value: "\(launch.worldSize)"),
        ]
        let group = try ProcessGroup(launch, options, agreeingOn: versions + values)
        let onThisHost = group.peers.count { $0.host == group.peers[group.rank].host }
        share = CPUShare.ofProcess(
            launch,
            processes: launch.localWorldSize ?? onThisHost,
            ProcessInfo.processInfo.environment
        )
        (self.launch, self.group, self.interrupt) = (launch, group, interrupt)
    }

    /// Tells the user about the group, and about a surprising number of threads.
    ///
    /// - Parameter threads: The value of `--threads`.
    func introduce(threads: Int?) {
        let hosts = Set(group.peers.map(\.host)).count
        let place = hosts > 1 ? " on \(hosts) hosts" : ""
        Console.current.note(
            "\(group.size) processes\(place), started by \(launch.launcherName); "
                + counted(threads ?? share.threads, "thread") + " in this one"
        )
        guard threads == nil else { return }
        if let remark = share.remark(launch, ProcessInfo.processInfo.environment) {
            Console.current.note(remark)
        }
    }

    /// Does long work that the others may have to wait for.
    ///
    /// - Parameters:
    ///   - work: The work, for their messages: `downloading the model`.
    ///   - body: Does it.
    /// - Returns: The result of `body`.
    /// - Throws: `DistributedError`; the errors of `body`.
    func announcing<Result>(_ work: String, _ body: () throws -> Result) throws -> Result {
        try group.announce(work)
        let result = try body()
        // Nothing is saved yet, so there is no step to finish.
        if interrupt.isRequested { throw DistributedError(.interrupted, "interrupted while \(work)") }
        try group.announce(nil)
        return result
    }

    /// Gives the recipe of rank 0 to all processes; called by rank 0.
    ///
    /// - Parameter recipe: The settings.
    /// - Throws: `DistributedError`; the errors of the YAML library.
    func share(_ recipe: Recipe) throws { _ = try group.shared(Array(recipe.yaml().utf8), Self.sharing) }

    /// Waits for the recipe of rank 0; called by the others.
    ///
    /// - Returns: The settings, without a push, which is the work of rank 0.
    /// - Throws: `DistributedError`.
    func receiveRecipe() throws -> Recipe {
        let text = try group.shared([], Self.sharing)
        var recipe = try Recipe(yaml: String(decoding: text, as: UTF8.self), name: "the recipe of rank 0")
        recipe.push = nil
        return recipe
    }

    private static let sharing = "sharing the recipe"

    /// Ends the group in order; rank 0 leaves last.
    ///
    /// - Throws: `DistributedError`.
    func leave() throws {
        try group.leave()
        hasLeft = true
    }
}
