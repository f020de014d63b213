import Evaluation
import JSON
import TestSupport
import Testing

struct ProbabilityTests {
    private func metrics(_ fixture: JSONValue, withIntervals: Bool = false) throws -> ClassificationMetrics {
        let probabilities = (fixture["probabilities"].array ?? []).map {
            ($0.array ?? []).compactMap(\.double)
        }
        return ClassificationMetrics(
            predictions: probabilities.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 },
            labels: (fixture["labels"].array ?? []).compactMap(\.int),
            probabilities: probabilities,
            classCount: try #require(fixture["classes"].int),
            withIntervals: withIntervals
        )
    }

    // 1e-12: the same sums in float64, in another order.
    @Test
    func
        `areas, log loss, Brier score and calibration equal scikit-learn's, including ties and missing classes`()
        throws
    {
        let cases = try Fixture.cases("metrics/probabilities.json")
        #expect(cases.count == 18)
        for fixture in cases {
            let ours = try #require(try metrics(fixture).probabilities).values
            let expected = try #require(fixture["values"].object?.members)
            #expect(ours.map(\.name).sorted() == expected.map(\.name).sorted(), "\(fixture.oneLine)")
            for (name, value) in ours {
                let wanted = try #require(fixture["values"][name].double)
                #expect(abs(value - wanted) < 1e-12 * max(1, wanted), "\(name) of \(fixture.oneLine)")
            }
        }
    }

    // 1e-12: as above.
    @Test func `areas and the plain loss of multi-label predictions equal scikit-learn's`() throws {
        let cases = try Fixture.cases("metrics/multilabel-scores.json")
        #expect(cases.count == 2)
        for fixture in cases {
            let probabilities = (fixture["probabilities"].array ?? []).map {
                ($0.array ?? []).compactMap(\.double)
            }
            let metrics = MultiLabelMetrics(
                predictions: probabilities.map { row in row.indices.filter { row[$0] > 0.5 } },
                labels: (fixture["labels"].array ?? []).map { ($0.array ?? []).compactMap(\.int) },
                probabilities: probabilities,
                labelCount: 3
            )
            for (ours, name) in [
                (metrics.areaUnderROC, "roc_auc"), (metrics.averagePrecision, "average_precision"),
                (metrics.logLoss, "log_loss"),
            ] {
                let (value, wanted) = (try #require(ours), try #require(fixture["values"][name].double))
                #expect(abs(value - wanted) < 1e-12, "\(name): \(value), not \(wanted)")
            }
        }
    }

    @Test func `NaN probabilities are left out, and no examples do not crash`() {
        let broken = ClassificationMetrics(
            predictions: [0],
            labels: [1],
            probabilities: [[.nan, 0.5]],
            classCount: 2,
            withIntervals: true
        )
        #expect(broken.probabilities == nil && broken.accuracy == 0)
        let none = ClassificationMetrics(
            predictions: [],
            labels: [],
            probabilities: [],
            classCount: 2,
            withIntervals: true
        )
        #expect(none.probabilities == nil && none.intervals.isEmpty)
    }
}
