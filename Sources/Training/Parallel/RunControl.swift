/// The wishes to stop and to save: those of this process, or those that a group has agreed on.
///
/// All ranks of a group must stop and save after the same step. So each tells its wishes in the exchange that ends a step
/// (``DataParallel/exchange(loss:wantsStop:wantsSave:)``), and all act on the sum.
final class RunControl {
    private let stop: () -> Bool
    private let save: () -> Bool
    private let parallel: DataParallel?

    /// Creates the control of a run.
    ///
    /// - Parameters:
    ///   - stop: Returns whether this process wants to stop.
    ///   - save: Returns whether this process wants a checkpoint; called once per wish.
    ///   - parallel: The group; nil for one process.
    init(stop: @escaping () -> Bool, save: @escaping () -> Bool, _ parallel: DataParallel?) {
        (self.stop, self.save, self.parallel) = (stop, save, parallel)
    }

    /// Returns whether to stop before the next step: the same on all ranks.
    func shouldStop() -> Bool { parallel?.agreed.stop ?? stop() }

    /// Returns whether to save a checkpoint now: the same on all ranks, and only once per wish.
    func shouldSave() -> Bool { parallel?.takeSave() ?? save() }

    /// Returns whether this process wants to stop, for an exchange with the other ranks.
    func wantsStop() -> Bool { stop() }

    /// Returns whether this process wants a checkpoint, for an exchange with the other ranks.
    func wantsSave() -> Bool { save() }
}
