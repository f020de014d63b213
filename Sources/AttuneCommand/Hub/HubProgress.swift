import Attune
import Files
import Foundation
import Hub
import Synchronization

/// The progress of all files that are downloaded or uploaded.
final class HubProgress: Sendable {
    /// The direction of a transfer.
    enum Direction {
        case downloading
        case uploading

        fileprivate var phase: WorkPhase { self == .downloading ? .download : .upload }
        fileprivate var past: String { self == .downloading ? "downloaded" : "uploaded" }
    }

    private struct State {
        var total = 0
        var received = 0
        var files = 0
        var finished = 0
        var start = ContinuousClock.now
    }

    private let direction: Direction
    private let console = Console.current
    private let state = Mutex(State())

    /// Creates the progress of a transfer without showing anything.
    init(_ direction: Direction = .downloading) { self.direction = direction }

    /// Shows an event; called from several tasks.
    func show(_ event: TransferEvent) {
        state.withLock { state in
            switch event {
            case .planned(let files, let byteCount):
                (state.files, state.total, state.start) = (files, byteCount, .now)
                console.begin(direction.phase, files == 1 ? "a file" : "\(files) files")
            case .transferred(let byteCount): state.received += byteCount
            case .retrying(let file, let reason):
                console.note("attune: \(file): the Hub \(reason); trying again")
            case .finished: state.finished += 1
            case .notKept(let reason):
                console.note("attune: warning: the Hub's cache was not updated: \(reason)")
            }
            guard state.files > 0 else { return }
            let received = max(0, state.received)
            console.show(direction.phase, received, of: state.total)
            guard state.finished == state.files, case .finished = event else { return }
            let seconds = (ContinuousClock.now - state.start) / .seconds(1)
            let speed = seconds > 0.1 ? " (\(formattedSize(Int(Double(received) / seconds)))/s)" : ""
            let files = state.files == 1 ? "a file" : "\(state.files) files"
            console.note(
                "\(direction.past) \(files), \(formattedSize(received)), in \(clockTime(seconds))\(speed)"
            )
        }
    }
}
