import Dispatch
import Foundation
import Synchronization

/// Ctrl-C as a question to be asked: the first asks the run to stop and save, the second ends the process.
final class Interrupt: Sendable {
    private let count = Atomic<Int>(0)
    private let queue = DispatchQueue(label: "attune.interrupt")

    /// Starts listening; the default handler is off from here on.
    ///
    /// - Parameter message: Said on standard error at the first Ctrl-C.
    /// - Returns: The source, to be cancelled.
    func listen(message: String) -> any DispatchSourceSignal {
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: queue)
        source.setEventHandler { [self] in
            if count.add(1, ordering: .relaxed).newValue > 1 { exit(130) }
            writeToStandardError("\n\(message)\n")
        }
        source.resume()
        return source
    }

    /// Whether Ctrl-C was pressed.
    var isRequested: Bool { count.load(ordering: .relaxed) > 0 }
}
