public import Training

/// An observer of a run, for custom callbacks and for Attune's reports.
///
/// ```swift
/// final class Patience: RunObserver {
///     func receive(_ event: RunEvent) throws {
///         if case .evaluated(let record) = event { print(record.loss) }
///     }
/// }
/// let result = try job.run(into: folder, observers: [Patience()]) { _ in }
/// ```
public protocol RunObserver: AnyObject {
    /// Receives every event, in order, on the training thread; the run waits.
    ///
    /// - Parameter event: The event.
    /// - Throws: Any error; it stops the run, which rethrows it.
    func receive(_ event: RunEvent) throws
}
