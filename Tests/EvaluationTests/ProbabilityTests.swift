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
        `areas, log loss, Brier score and calibration are scikit-learn's, ties and missing classes included`()
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
    @Test func `areas of several labels are scikit-learn's`() throws {
        for fixture in try Fixture.cases("metrics/multilabel-scores.json") {
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
            ] {
                let (value, wanted) = (try #require(ours), try #require(fixture["values"][name].double))
                #expect(abs(value - wanted) < 1e-12, "\(name): \(value), not \(wanted)")
            }
        }
    }

    @Test func `intervals hold what was measured, repeat, and narrow with examples`() throws {
        func measured(_ n: Int) -> ClassificationMetrics {
            let labels = (0..<n).map { $0 % 3 == 0 ? 1 : 0 }
            let scores = labels.enumerated().map { index, label -> Double in
                let noise = Double(index * 7 % 100) / 200
                return label == 1 ? noise + 0.4 : noise + 0.1
            }
            return ClassificationMetrics(
                predictions: scores.map { $0 > 0.5 ? 1 : 0 },
                labels: labels,
                probabilities: scores.map { [1 - $0, $0] },
                classCount: 2,
                withIntervals: true
            )
        }
        let (few, many) = (measured(60), measured(900))
        #expect(few.intervals == measured(60).intervals)
        #expect(few.intervals["accuracy"] == few.accuracyInterval)
        #expect(few.intervals["majority_baseline"] == nil)
        for (name, value) in few.values where name != "majority_baseline" {
            let interval = try #require(few.intervals[name], "\(name)")
            let narrower = try #require(many.intervals[name], "\(name)")
            // Drawing examples again makes the calibration error larger: noise in a bin never cancels out.
            if name != "ece" { #expect(interval.contains(value), "\(name): \(value) in \(interval)") }
            let widths = [narrower, interval].map { $0.upperBound - $0.lowerBound }
            #expect(widths[0] < widths[1], "\(name): \(widths)")
        }
        #expect(few.table(labels: ["J", "P"]).contains("ROC-AUC"))
    }

    // 0.004: the spread of the ends of 1000 draws; the normal interval of a mean of 400 is as good as exact.
    @Test func `a mean's drawn interval is the textbook's`() throws {
        let errors = (0..<400).map { Double($0 * 37 % 101) / 101 }
        let labels = [Double](repeating: 0, count: 400)
        let metrics = RegressionMetrics(predictions: errors, labels: labels, withIntervals: true)
        let interval = try #require(metrics.intervals["mae"])
        let mean = errors.reduce(0, +) / 400
        let squares = errors.map { ($0 - mean) * ($0 - mean) }
        let spread = squares.reduce(0, +).squareRoot() / 400
        #expect(abs(interval.lowerBound - (mean - 1.96 * spread)) < 0.004)
        #expect(abs(interval.upperBound - (mean + 1.96 * spread)) < 0.004)
    }

    @Test func `probabilities that are no numbers are left out, and no examples are no reason to stop`() {
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
