import Files
import Foundation
import JSON

/// Writes a run's state to a hidden file in its folder, for `attune watch`.
///
/// The file is replaced as a whole, so readers never find a half-written one. It is written about once a second, and less
/// often if writing is slow. A failed write does not stop the run, which does not depend on the file.
final class RunRecorder {
    /// The file's name.
    static let fileName = ".attune-run.json"

    private var snapshot: RunSnapshot
    private var translator = ProgressTranslator()
    private let clock: () -> Double
    private var file: URL?
    private var claim: FolderClaim?
    private var nextWrite = 0.0

    /// Creates a recorder, which keeps events in memory until ``begin(in:_:)``.
    ///
    /// - Parameters:
    ///   - repetition: The place of the run among repetitions; nil for a single run.
    ///   - clock: Returns the time in seconds since 1970.
    init(
        _ repetition: RunSnapshot.Repetition? = nil,
        clock: @escaping () -> Double = { Date().timeIntervalSince1970 }
    ) {
        self.clock = clock
        snapshot = RunSnapshot(startTime: clock())
        snapshot.repetition = repetition
    }

    /// Starts writing, once the folder exists and is claimed.
    ///
    /// - Parameters:
    ///   - folder: The run's folder.
    ///   - claim: The claim on it. It is kept, so that a run without a claim is known to have recorded its end.
    func begin(in folder: URL, _ claim: FolderClaim) {
        self.claim = claim
        let place = folder.appending(path: Self.fileName)
        file = place
        // A resumed run continues the curve of the run before.
        if let data = try? Data(contentsOf: place), let json = try? JSONValue.parse(data),
            let former = RunSnapshot(json: json)
        {
            snapshot.curve = former.curve
        }
        snapshot.origin = RunSnapshot.Origin(
            process: Int(ProcessInfo.processInfo.processIdentifier),
            host: machineName(),
            isLocked: claim.isLocked
        )
        write()
    }

    /// Records an event.
    func receive(_ event: TrainingJob.Event) {
        let time = clock()
        var isUrgent = false
        switch event {
        // A run from scratch leaves nothing of an earlier one.
        case .run(.started(let schedule)) where schedule.firstStep == 0: snapshot.curve = StepCurve()
        case .run(.step(let record)): snapshot.curve.add(record)
        default: break
        }
        for event in translator.events(of: event, at: time) {
            snapshot.add(event, at: time)
            switch event {
            case .phase, .evaluation, .saved, .loadedBest: isUrgent = true
            default: break
            }
        }
        guard isUrgent || time >= nextWrite else { return }
        // Not at the end, because the report, which is written before it, shows this number.
        snapshot.peakMemory = ProcessMemory.now()?.peak
        write()
    }

    /// Records the end of the run.
    ///
    /// - Parameters:
    ///   - state: The end.
    ///   - message: The error's message, if the run failed.
    func end(_ state: RunSnapshot.State, _ message: String? = nil) {
        snapshot.state = state
        if let message { snapshot.add(.error(message: message, exitCode: 1), at: clock()) }
        snapshot.updateTime = clock()
        write()
    }

    private func write() {
        guard let file else { return }
        let before = clock()
        let text = JSONValue.object(snapshot.json).oneLineInOrder + "\n"
        try? replaceQuickly(Data(text.utf8), at: file)
        let after = clock()
        // At most one percent of the time.
        nextWrite = after + max(1, 100 * (after - before))
    }
}
