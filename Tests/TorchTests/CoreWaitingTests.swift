import Testing

@testable import Torch

@Suite struct CoreWaitingTests {
    /// The decision on a measurement of half a second with two threads.
    private func isDisturbed(_ waitedSeconds: Double?, threads: Int = 2, cores: Int = 2) -> Bool {
        CoreWaiting.isDisturbed(
            waited: waitedSeconds.map { $0 * 1e9 },
            seconds: 0.5,
            threads: threads,
            cores: cores
        )
    }

    @Test
    func `threads that lacked a fifth of a core were disturbed, the short waits of a quiet machine are not`()
    {
        #expect(!isDisturbed(0) && !isDisturbed(0.045) && !isDisturbed(0.1))
        #expect(isDisturbed(0.11) && isDisturbed(0.3) && isDisturbed(1))
    }

    @Test func `without a record, or after the end of a thread, nothing is known`() {
        #expect(!isDisturbed(nil) && !isDisturbed(-1))
        #expect(!CoreWaiting.isDisturbed(waited: 1e9, seconds: 0, threads: 1, cores: 1))
    }

    @Test func `more threads than cores wait for each other`() {
        #expect(!isDisturbed(1, threads: 3) && isDisturbed(1, threads: 3, cores: 4))
    }

    @Test func `the time that threads waited never falls while they live`() {
        guard let before = CoreWaiting.nanoseconds() else { return }
        #expect(before > 0)
    }
}
