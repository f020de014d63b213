import Files
import Foundation
import Hub
import Synchronization

/// One progress line for all files that are downloaded or uploaded.
final class HubProgress: Sendable {
    /// The direction of a transfer.
    enum Direction: String {
        case downloading
        case uploading
    }

    private struct State {
        var line = ProgressLine()
        var total = 0
        var received = 0
        var files = 0
        var finished = 0
        var start = ContinuousClock.now
    }

    private let direction: Direction
    private let state = Mutex(State())

    /// Creates a progress line without showing anything.
    init(_ direction: Direction = .downloading) { self.direction = direction }

    /// Shows an event; called from several tasks.
    func show(_ event: TransferEvent) {
        state.withLock { state in
            switch event {
            case .planned(let files, let byteCount):
                state.files = files
                state.total = byteCount
                state.start = .now
                writeToStandardError(
                    "attune: \(direction.rawValue) \(files == 1 ? "a file" : "\(files) files"), \(formattedSize(byteCount))\n"
                )
            case .transferred(let byteCount): state.received += byteCount
            case .retrying(let file, let reason):
                state.line.close()
                writeToStandardError("attune: \(file): the Hub \(reason); trying again\n")
            case .finished: state.finished += 1
            case .notKept(let reason):
                state.line.close()
                writeToStandardError("attune: warning: the Hub's cache was not updated: \(reason)\n")
            }
            let now = state
            guard now.files > 0 else { return }
            let isLast = now.finished == now.files
            state.line.show(
                {
                    let seconds = (ContinuousClock.now - now.start) / .seconds(1)
                    let speed = seconds > 0 ? Int(Double(max(0, now.received)) / seconds) : 0
                    return
                        "\(formattedSize(max(0, now.received))) of \(formattedSize(now.total)), \(now.finished) of \(now.files) files, \(formattedSize(speed))/s"
                },
                isLast: isLast
            )
            if isLast { state.line.close() }
        }
    }
}
