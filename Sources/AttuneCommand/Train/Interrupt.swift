import Dispatch
import Foundation
import Synchronization

/// Listens for signals and lets a run poll them.
///
/// Ctrl-C, a scheduler's SIGTERM and a terminal's SIGHUP ask the run to stop and save; a second Ctrl-C or SIGTERM ends the
/// process. SIGUSR1, which Slurm can send before a job's end, asks for a checkpoint.
final class Interrupt: Sendable {
    private let stops = Atomic<Int>(0)
    private let urgentStops = Atomic<Int>(0)
    private let asksForCheckpoint = Atomic<Bool>(false)
    private let queue = DispatchQueue(label: "attune.interrupt")

    /// The message of a run that stops.
    static let ofTraining =
        "stopping after this step, then saving; a second Ctrl-C or SIGTERM ends immediately"

    /// Starts listening and replaces the default handlers.
    ///
    /// A signal that was ignored when the process began stays ignored: SIGHUP under nohup, SIGINT in a script's background job.
    ///
    /// - Parameter message: Printed to standard error at the first signal to stop.
    /// - Returns: The sources, to be cancelled.
    func listen(message: String = Interrupt.ofTraining) -> [any DispatchSourceSignal] {
        let console = Console.current
        return [SIGINT, SIGTERM, SIGHUP, SIGUSR1].compactMap { number in
            let former = signal(number, SIG_IGN)
            guard unsafeBitCast(former, to: Int.self) != unsafeBitCast(SIG_IGN, to: Int.self) else {
                return nil
            }
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { [self] in hear(number, message, console) }
            source.resume()
            return source
        }
    }

    private func hear(_ number: Int32, _ message: String, _ console: Console) {
        guard number != SIGUSR1 else {
            asksForCheckpoint.store(true, ordering: .relaxed)
            return console.note("saving a checkpoint after this step; the run continues")
        }
        // A terminal that closes sends SIGHUP more than once.
        if number != SIGHUP, urgentStops.add(1, ordering: .relaxed).newValue > 1 {
            console.close()
            // Destructors of exit would run while a step computes.
            _exit(130)
        }
        guard stops.add(1, ordering: .relaxed).newValue == 1 else { return }
        console.note(message)
    }

    /// Whether a signal to stop has arrived.
    var isRequested: Bool { stops.load(ordering: .relaxed) > 0 }

    /// Whether a checkpoint was asked for since the last call.
    func takeCheckpointRequest() -> Bool { asksForCheckpoint.exchange(false, ordering: .relaxed) }
}
