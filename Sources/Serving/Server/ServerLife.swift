public import Dispatch
import Foundation
import Synchronization

/// The end of a server: asked for by a program or by a signal.
///
/// The first request lets the server finish its work. A second signal ends the process at once.
public final class ServerLife: Sendable {
    private let wishes: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let signals = Atomic<Int>(0)
    private let queue = DispatchQueue(label: "attune.serve.signals")
    private let endsProcess: @Sendable (_ code: Int32) -> Void

    /// Creates the life of one server.
    ///
    /// - Parameter endsProcess: Ends the process with an exit code; nil ends it without cleaning up. It is called for a second
    ///   signal, and if a server does not come to its end in time.
    public init(endsProcess: (@Sendable (_ code: Int32) -> Void)? = nil) {
        (wishes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.endsProcess = endsProcess ?? { _exit($0) }
    }

    /// Asks the server to finish its work and to stop.
    public func stop() {
        continuation.yield()
        continuation.finish()
    }

    /// Waits until the server is to stop.
    ///
    /// - Returns: False if the task was cancelled before.
    func waitsForStop() async -> Bool {
        for await _ in wishes { return true }
        return !Task.isCancelled
    }

    /// Ends the process unless the task is cancelled in time.
    ///
    /// - Parameter seconds: The time until then.
    func endProcess(after seconds: Double) async {
        do { try await Task.sleep(for: .seconds(seconds)) } catch { return }
        endsProcess(0)
    }

    /// Stops at SIGTERM and SIGINT; the second of them ends the process with 128 plus its number.
    ///
    /// A signal that was ignored when the process began stays ignored: SIGINT in a script's background job.
    ///
    /// - Parameter heard: Called at the first signal, on another thread.
    /// - Returns: The sources of the signals, to be cancelled.
    public func listenForSignals(_ heard: @escaping @Sendable () -> Void = {}) -> [any DispatchSourceSignal] {
        [SIGTERM, SIGINT].compactMap { number in
            let former = signal(number, SIG_IGN)
            guard unsafeBitCast(former, to: Int.self) != unsafeBitCast(SIG_IGN, to: Int.self) else {
                return nil
            }
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { [self] in
                guard signals.add(1, ordering: .relaxed).newValue == 1 else {
                    return endsProcess(128 + number)
                }
                heard()
                stop()
            }
            source.resume()
            return source
        }
    }
}
