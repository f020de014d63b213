import Testing

@testable import Torch

@Suite struct FreeCoresTests {
    /// The number of threads before each look, for the shares that the looks find.
    ///
    /// Batches are short.
    private func counts(_ counts: [Int], _ shares: [Double]) -> [Int] {
        var cores = FreeCores(counts: counts)
        var inUse = counts.last ?? 1
        return shares.map { share in
            inUse = cores.next() ?? inUse
            cores.look(share, seconds: 0.125)
            return inUse
        }
    }

    @Test("two threads next to one busy program become one, and two again after a pause")
    func oneNeighbour() {
        let quiet = Array(repeating: 0.02, count: 12)
        let found = counts([1, 2], [0.02, 0.02, 0.02, 0.7, 0.7] + quiet)
        #expect(
            found == Array(repeating: 2, count: 5) + Array(repeating: 1, count: 4)
                + Array(repeating: 2, count: 8)
        )
    }

    @Test("while cores are still taken, pauses become longer, up to 16 seconds")
    func pauses() {
        let found = counts([1, 2], Array(repeating: 0.6, count: 900))
        let tries = found.indices.filter { found[$0] == 2 }
        let pauses = zip(tries, tries.dropFirst()).map { $1 - $0 - 1 }
        #expect(pauses == [4, 8, 16, 32, 64, 128, 128, 128, 128, 128])
    }

    @Test("a short disturbance, or a neighbour that takes little, changes nothing")
    func noise() {
        #expect(Set(counts([1, 2], [0, 0.1, 0.6, 0.1, 0, 0.35, 0.35, 0.35, 0.3])) == [2])
    }

    @Test("of many cores only those that are taken are left")
    func manyCores() {
        #expect(counts([1, 4, 8, 14, 15, 16], [0, 0.9, 0.1, 0.1, 0.1]).last == 15)
        #expect(counts([1, 4, 8, 14, 15, 16], [0, 7.8, 0.1, 0.1, 0.1]).last == 8)
        // Only one thread would give the same bits: three free cores are not given up for that.
        #expect(counts([1, 4], [0, 0.9, 0.9, 0.9]).last == 4)
    }

    @Test("nothing is learned before the first batch, nor while a number is not yet in use")
    func longBatches() {
        var cores = FreeCores(counts: [1, 2])
        for _ in 0..<20 { cores.look(1, seconds: 0.1) }
        #expect(cores.next() == nil)
        for _ in 0..<20 { cores.look(1, seconds: 0.1) }
        #expect(cores.next() == 1)
        for _ in 0..<3 { cores.look(1, seconds: 0.1) }
        #expect(cores.next() == nil)
    }

    @Test("a long batch is not computed with fewer threads because of a short disturbance in the one before")
    func shortDisturbance() {
        var cores = FreeCores(counts: [1, 2])
        _ = cores.next()
        for share in Array(repeating: 0.02, count: 70) + [0.9, 0.9, 0.9, 0.02, 0.02] {
            cores.look(share, seconds: 0.1)
        }
        #expect(cores.next() == nil)
        for _ in 0..<80 { cores.look(0.6, seconds: 0.1) }
        #expect(cores.next() == 1)
    }

    @Test("the usual number of threads is among those with the same bits, and is set again")
    func equalThreadCounts() throws {
        let usual = try TorchRuntime.threadCount()
        let counts = try EqualThreadCounts.measured(.suggested)
        #expect(counts.last == usual && counts == counts.sorted() && counts[0] >= 1)
        #expect(try TorchRuntime.threadCount() == usual)
    }
}
