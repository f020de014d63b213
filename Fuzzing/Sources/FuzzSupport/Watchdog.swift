import Foundation
import Synchronization

/// Aborts the process if one input takes a minute.
package final class Watchdog: Sendable {
    private let steps = Atomic<Int>(0)

    /// Creates a watchdog that is not started.
    package init() {}

    /// Reports that the next input begins.
    package func step() { steps.add(1, ordering: .relaxed) }

    /// Starts watching.
    package func start() {
        Thread.detachNewThread {
            var last = -1
            while true {
                Thread.sleep(forTimeInterval: 60)
                let now = self.steps.load(ordering: .relaxed)
                if now == last {
                    FileHandle.standardError.write(Data("hang: an input takes more than a minute\n".utf8))
                    abort()
                }
                last = now
            }
        }
    }
}

/// Returns the process's peak memory in MB.
package func peakMegabytes() -> Int {
    var usage = rusage()
    #if canImport(Darwin)
    getrusage(RUSAGE_SELF, &usage)
    return Int(usage.ru_maxrss) >> 20
    #else
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Int(usage.ru_maxrss) >> 10
    #endif
}
