import Dispatch
import Foundation
import Synchronization

/// Ctrl-C, or a scheduler's SIGTERM, as a question to be asked: the first asks the run to stop and save, the second ends
/// the process.
final class Interrupt: Sendable {
    private let count = Atomic<Int>(0)
    private let queue = DispatchQueue(label: "attune.interrupt")

    /// Starts listening; the default handlers are off from here on.
    ///
    /// - Parameter message: Said on standard error at the first signal.
    /// - Returns: The sources, to be cancelled.
    func listen(message: String) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { [self] in
                if count.add(1, ordering: .relaxed).newValue > 1 { exit(130) }
                writeToStandardError("\n\(message)\n")
            }
            source.resume()
            return source
        }
    }

    /// Whether a signal came.
    var isRequested: Bool { count.load(ordering: .relaxed) > 0 }
}
