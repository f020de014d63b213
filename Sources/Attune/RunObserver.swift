public import Training

/// Listens to a run: your own callbacks, and the reports that Attune writes.
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
    /// Told of every event, in order, on the thread that trains; the run waits.
    ///
    /// - Parameter event: What happened.
    /// - Throws: An error stops the run, which throws it.
    func receive(_ event: RunEvent) throws
}
