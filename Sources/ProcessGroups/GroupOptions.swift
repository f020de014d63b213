/// Time limits of a group, and connections to the program around it.
public struct GroupOptions {
    /// The time for all processes to start and connect.
    public var startUpTimeout: Duration
    /// The longest wait for other processes in a step.
    public var stepTimeout: Duration
    /// The longest wait while another process has announced long work, such as saving a checkpoint.
    public var longTimeout: Duration
    /// Whether this process was asked to stop.
    ///
    /// A wait ends ten seconds later if the others have not answered by then.
    public var shouldStop: () -> Bool
    /// Receives a message if a wait takes long, for example "waiting for rank 0: saving checkpoint-500".
    public var note: (String) -> Void
    /// The time after which a wait is reported.
    var noteDelay = Duration.seconds(5)
    /// The time that other processes have to answer after a request to stop.
    var stopGrace = Duration.seconds(10)

    /// Creates options.
    ///
    /// - Parameters:
    ///   - startUpTimeout: The time for all processes to start and connect.
    ///   - stepTimeout: The longest wait for other processes in a step.
    ///   - longTimeout: The longest wait while another process has announced long work.
    ///   - shouldStop: Whether this process was asked to stop.
    ///   - note: Receives a message if a wait takes long.
    public init(
        startUpTimeout: Duration = .seconds(300),
        stepTimeout: Duration = .seconds(300),
        longTimeout: Duration = .seconds(1800),
        shouldStop: @escaping () -> Bool = { false },
        note: @escaping (String) -> Void = { _ in }
    ) {
        self.startUpTimeout = startUpTimeout
        self.stepTimeout = stepTimeout
        self.longTimeout = longTimeout
        self.shouldStop = shouldStop
        self.note = note
    }

    /// The longest wait while another process has announced long work: at least that in a step.
    var longestTimeout: Duration { max(stepTimeout, longTimeout) }
}
