import Testing

@testable import Attune

/// Batches are formed within windows that depend only on the numbers of the rows.
@Suite struct PredictionWindowsTests {
    private func windows(_ windows: PredictionWindows, in range: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var row = range.lowerBound
        while row < range.upperBound {
            found.append(windows.window(at: row).clamped(to: range))
            row = found[found.count - 1].upperBound
        }
        return found
    }

    @Test("the first windows are small, and the others begin at multiples of 4,096")
    func sizes() {
        let windows = PredictionWindows(labels: 2)
        #expect(
            self.windows(windows, in: 0..<10_000)
                == [0..<64, 64..<512, 512..<4096, 4096..<8192, 8192..<10_000]
        )
    }

    @Test("with tens of thousands of labels a window has fewer rows, so that its logits take at most 64 MB")
    func manyLabels() {
        #expect(PredictionWindows(labels: 28_000).rows == 512)
        #expect(PredictionWindows(labels: 10_000_000).rows == 64)
        #expect(
            windows(PredictionWindows(labels: 28_000), in: 0..<1100) == [
                0..<64, 64..<512, 512..<1024, 1024..<1100,
            ]
        )
    }

    @Test(
        "shards cover every row once, begin at windows, and differ by at most one window",
        arguments: [(1, 16), (4096, 3), (4097, 2), (1_000_000, 16), (70_000, 7), (65_536, 16)]
    )
    func shards(total: Int, count: Int) {
        let windows = PredictionWindows(labels: 2)
        let shards = (0..<count).map { windows.shard($0, of: count, total: total) }
        #expect(shards[0].lowerBound == 0 && shards[count - 1].upperBound == total)
        for (one, next) in zip(shards, shards.dropFirst()) { #expect(one.upperBound == next.lowerBound) }
        for shard in shards where !shard.isEmpty { #expect(shard.lowerBound.isMultiple(of: 4096)) }
        let sizes = shards.map { ($0.count + 4095) / 4096 }
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
        // All windows of the shards are those of the whole.
        #expect(shards.flatMap { self.windows(windows, in: $0) } == self.windows(windows, in: 0..<total))
    }

    @Test("a shard is written as i/n, and its number is below n")
    func spelling() {
        #expect(PredictionShard("3/16") == PredictionShard(index: 3, of: 16))
        for text in ["16/16", "-1/4", "3", "3/0", "a/b", "1/2/3", ""] {
            #expect(PredictionShard(text) == nil)
        }
    }
}
