import Foundation
import Synchronization

/// Kills the process where one input takes a minute.
package final class Watchdog: Sendable {
    private let steps = Atomic<Int>(0)

    /// Not started yet.
    package init() {}

    /// Says that the next input is at hand.
    package func step() { steps.add(1, ordering: .relaxed) }

    /// Starts to watch.
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

/// The most memory that this process had, in MB.
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
