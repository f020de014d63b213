import Evaluation
import Testing

struct MetricSpreadTests {
    // 1e-15: the same few operations in float64. Python: statistics.stdev([1, 2, 4]) = 1.5275252316519468.
    @Test func `mean and standard deviation of three numbers`() throws {
        let spread = try #require(MetricSpread([2, 4, 1]))
        #expect(abs(spread.mean - 7.0 / 3) < 1e-15)
        #expect(abs(try #require(spread.standardDeviation) - 1.5275252316519468) < 1e-15)
        #expect(spread.minimum == 1 && spread.maximum == 4 && spread.values == [2, 4, 1])
    }

    @Test func `one number has no standard deviation, and no numbers have no spread`() {
        #expect(MetricSpread([0.5])?.standardDeviation == nil && MetricSpread([0.5])?.mean == 0.5)
        #expect(MetricSpread([]) == nil)
    }
}
