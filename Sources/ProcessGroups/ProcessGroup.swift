import Torch

/// Several processes that train one model together.
///
/// All of them must call the same methods in the same order. A wait for the others ends if one of them fails or is killed, if
/// this process is asked to stop, or after a time limit, and the error names the process that is the reason.
///
/// A group has one owner. After an error it is unusable, and the process must end by `_exit`: an orderly end would wait for
/// connections to processes that are gone.
public final class ProcessGroup {
    /// This process's place among the others.
    public let launch: Launch
    /// All processes, by rank.
    public let peers: [Peer]
    /// Whether the launcher has started this job again after a failure of any process.
    public let wasRestarted: Bool
    /// The bytes of tensors that this process has sent, by the formulas of Gloo's algorithms.
    public internal(set) var bytesSent = 0

    /// Receives every collective operation that was started while this is set, after it was waited for; nil measures nothing.
    public var collectiveFinished: ((CollectiveSpan) -> Void)?

    let options: GroupOptions
    let store: SharedStore
    let board: FailureBoard
    /// For tensors on the CPU.
    let gloo: CollectiveGroup
    /// For tensors of CUDA devices, connected when first used.
    var nccl: CollectiveGroup?
    /// Compares operations before it runs them, connected when first used.
    var checkedGloo: CollectiveGroup?
    /// Like `checkedGloo`, for `nccl`.
    var checkedNCCL: CollectiveGroup?
    var checksCollectives = false
    var startedCount = 0
    /// The error after which the group is unusable.
    var failure: DistributedError?
    private var isAnnouncing = false

    /// This process's number among the processes of the group, from 0.
    public var rank: Int { launch.rank }

    /// The number of processes.
    public var size: Int { launch.worldSize }

    /// Whether this is the process that writes files and messages for all.
    public var isFirst: Bool { rank == 0 }

    /// Finds the other processes, compares values with them, and connects to them.
    ///
    /// An error is reported to the others and to the launcher.
    ///
    /// - Parameters:
    ///   - launch: This process's place among the others.
    ///   - options: Time limits and connections to the program.
    ///   - values: Values that must be the same in all processes.
    /// - Throws: `.unreachable` if a host or the store cannot be reached; `.timedOut`, which names the missing ranks;
    ///   `.mismatch`, which names the different values; `.peerFailed`, `.interrupted`, `.badLaunch`.
    public init(
        _ launch: Launch,
        _ options: GroupOptions = GroupOptions(),
        agreeingOn values: [AgreedValue] = []
    ) throws(DistributedError) {
        let joined: Joined
        do throws(DistributedError) {
            joined = try Joined(launch, options, agreeingOn: values)
        } catch {
            if error.code != .peerFailed { launch.report(error.message) }
            throw error
        }
        self.launch = launch
        self.options = options
        peers = joined.peers
        wasRestarted = joined.wasRestarted
        store = joined.store
        board = joined.board
        gloo = joined.gloo
    }

    // MARK: Announcing, failing, leaving

    /// Announces long work of this process, so that the others wait longer and say why.
    ///
    /// - Parameter work: The work, for example "saving checkpoint-500"; nil when it is done.
    /// - Throws: `.unreachable` if the store is gone.
    public func announce(_ work: String?) throws(DistributedError) {
        if let failure { throw failure }
        try store.set("work/\(rank)", text: work ?? "")
        if isAnnouncing != (work != nil) { _ = try store.add(work == nil ? -1 : 1, to: "work/count") }
        isAnnouncing = work != nil
    }

    /// Turns on or off the comparison of operation, shape and dtype among all processes before each collective.
    ///
    /// Each then takes some more round trips, so this is for the first step. Turn it on and off in all processes.
    ///
    /// - Parameter isOn: Whether to compare.
    public func checksFirstCollectives(_ isOn: Bool) { checksCollectives = isOn }

    /// Reports to the other processes and to the launcher that this process fails.
    ///
    /// If this process hosts the store, it first gives the others some seconds to read the reason.
    ///
    /// - Parameter reason: The message of the error.
    public func fail(_ reason: String) {
        board.tell(reason)
        launch.report(reason)
        failure = failure ?? DistributedError(.failed, "this process has failed: \(reason)")
        awaitOthers(besides: 1)
    }

    /// Leaves the group after all processes have come to the same place.
    ///
    /// The process that hosts the store leaves last. The group is unusable afterwards.
    ///
    /// - Throws: The errors of ``barrier(_:)``.
    public func leave() throws(DistributedError) {
        let activity = "the end of the run"
        // All have agreed to end, so a request to stop changes nothing.
        try wait(try startBarrier(), activity, heedsStop: false)
        failure = DistributedError(.failed, "the group has ended")
        // A process that closes its connections while another still receives would look like a crash.
        _ = try? store.add(1, to: "left")
        awaitCount("left", size)
        if hostsStore { awaitCount("gone", size - 1) } else { _ = try? store.add(1, to: "gone") }
    }

    /// Gives other processes time to find the reason of a failure, if the store would end with this process.
    ///
    /// - Parameter count: The number of processes that do not look for it, because they have failed.
    func awaitOthers(besides count: Int) {
        if hostsStore { awaitCount("heard", size - count) { options.shouldStop() } }
    }

    private var hostsStore: Bool { rank == 0 && !launch.isStoreHosted }

    /// Waits up to ten seconds for processes to count themselves in the store.
    private func awaitCount(_ key: String, _ count: Int, unless isEnough: () -> Bool = { false }) {
        let deadline = Deadline(in: .seconds(10))
        while let present = try? store.add(0, to: key), present < count, !deadline.isOver, !isEnough() {
            sleep(for: .milliseconds(20))
        }
    }
}

extension Launch {
    /// Writes the reason of this process's failure for the launcher, if it asks for one.
    ///
    /// - Parameter reason: The message of the error.
    package func report(_ reason: String) {
        if let errorFile { LauncherErrorFile(url: errorFile).write(message: reason) }
    }
}
