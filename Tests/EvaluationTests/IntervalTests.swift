import Foundation
import JSON
import TestSupport
import Testing

@testable import Evaluation

/// Intervals against statsmodels, SciPy and formulas written in Python: Scripts/fixtures/make_interval_fixtures.py.
struct IntervalTests {
    private func cases(_ kind: String, count: Int) throws -> [JSONValue] {
        let found = try Fixture.cases("metrics/intervals.json").filter { $0["kind"].string == kind }
        try #require(found.count == count)
        return found
    }

    private func expect(
        _ ours: ClosedRange<Double>?,
        _ fixture: JSONValue,
        within tolerance: Double
    ) throws {
        let ours = try #require(ours)
        let theirs = (fixture["interval"].array ?? []).compactMap(\.double)
        try #require(theirs.count == 2)
        #expect(abs(ours.lowerBound - theirs[0]) < tolerance, "\(ours) for \(theirs)")
        #expect(abs(ours.upperBound - theirs[1]) < tolerance, "\(ours) for \(theirs)")
    }

    private func metrics(_ counts: [(label: Int, prediction: Int, count: Int)]) -> ClassificationMetrics {
        let rows = counts.flatMap { repeatElement(($0.label, $0.prediction), count: $0.count) }
        return ClassificationMetrics(
            predictions: rows.map(\.1),
            labels: rows.map(\.0),
            probabilities: rows.map { $0.1 == 0 ? [0.75, 0.25] : [0.25, 0.75] },
            classCount: 2,
            withIntervals: true
        )
    }

    // 1e-12: the same few operations in float64.
    @Test func `the interval of a share is Wilson's, also for 0 %, 100 % and two examples`() throws {
        for fixture in try cases("share", count: 9) {
            let (hits, count) = (
                try #require(fixture["hits"].int), try #require(fixture["count"].int)
            )
            try expect(
                Interval.share(Double(hits) / Double(count), of: Double(count)),
                fixture,
                within: 1e-12
            )
            let measured = metrics([(0, 0, hits), (0, 1, count - hits)])
            try expect(measured.intervals["accuracy"], fixture, within: 1e-12)
        }
    }

    // 1e-12: as above. If all of 58 and one of two are right, it is 0.545 to 0.953, not 0.750 to 1.000.
    @Test func `balanced accuracy of two classes has Newcombe's interval`() throws {
        for fixture in try cases("balanced", count: 5) {
            let recalls = try #require(fixture["recalls"].array).map { ($0.array ?? []).compactMap(\.int) }
            let (a, b) = (recalls[0], recalls[1])
            let measured = metrics([
                (0, 0, a[0]), (0, 1, a[1] - a[0]), (1, 1, b[0]), (1, 0, b[1] - b[0]),
            ])
            try expect(measured.intervals["balanced_accuracy"], fixture, within: 1e-12)
        }
    }

    // 1e-12: as above.
    @Test func `F1 has Wilson's interval of the Jaccard index`() throws {
        for fixture in try cases("f1", count: 4) {
            let (hits, missed, alarms) = (
                try #require(fixture["hits"].int), try #require(fixture["missed"].int),
                try #require(fixture["alarms"].int)
            )
            let measured = metrics([(1, 1, hits), (1, 0, missed), (0, 1, alarms), (0, 0, 40)])
            try expect(measured.intervals["f1"], fixture, within: 1e-12)
        }
    }

    // 1e-9: both search for the ends, SciPy to 2e-12.
    @Test func `the area under a ROC curve has Newcombe's interval, also if it is 1`() throws {
        for fixture in try cases("area", count: 5) {
            let scores = (fixture["scores"].array ?? []).compactMap(\.double)
            let isPositive = (fixture["positive"].array ?? []).compactMap(\.bool)
            let ranked = RankedScores(scores, isPositive: isPositive)
            let area = try #require(ranked.areaUnderROC)
            #expect(abs(area - (try #require(fixture["value"].double))) < 1e-12)
            let interval = Interval.area(
                area,
                positives: Double(ranked.positives),
                negatives: Double(ranked.negatives),
                variance: ranked.influence.reduce(0) { $0 + $1 * $1 }
            )
            try expect(interval, fixture, within: 1e-9)
            // With two classes, the metrics have this interval.
            let low = scores.min() ?? 0
            let shares = scores.map { ($0 - low) / 100 }
            let measured = ClassificationMetrics(
                predictions: shares.map { $0 > 0.02 ? 1 : 0 },
                labels: isPositive.map { $0 ? 1 : 0 },
                probabilities: shares.map { [1 - $0, $0] },
                classCount: 2,
                withIntervals: true
            )
            try expect(measured.intervals["roc_auc"], fixture, within: 1e-9)
        }
    }

    // 3e-4 of the error: the approximation of Student's quantile. A fifth of the width: the bootstrap is a different method of
    // the same order in n, and its draws vary.
    @Test func `a mean's interval is Hall's, close to the bootstrap's BCa`() throws {
        for fixture in try cases("mean", count: 3) {
            let values = (fixture["values"].array ?? []).compactMap(\.double)
            let mean = values.reduce(0, +) / Double(values.count)
            let interval = try #require(Interval.mean(mean, of: values))
            let width = interval.upperBound - interval.lowerBound
            try expect(interval, fixture, within: 3e-4 * width)
            let drawn = (fixture["bootstrap"].array ?? []).compactMap(\.double)
            try #require(drawn.count == 2)
            if values.count > 20 {
                #expect(abs(interval.lowerBound - drawn[0]) < 0.2 * width)
                #expect(abs(interval.upperBound - drawn[1]) < 0.2 * width)
            }
        }
    }

    // 1e-12: the same few operations in float64.
    @Test func `a correlation's interval is Fisher's, as in SciPy`() throws {
        for fixture in try cases("correlation", count: 3) {
            let value = try #require(fixture["value"].double)
            let interval = Interval.correlation(value, of: try #require(fixture["count"].int))
            try expect(interval, fixture, within: 1e-12)
        }
    }

    @Test func `Student's quantile is SciPy's`() throws {
        for fixture in try cases("student", count: 9) {
            let degrees = try #require(fixture["degrees"].int)
            let error = abs(
                Interval.studentQuantile(Double(degrees)) - (try #require(fixture["value"].double))
            )
            #expect(error < (degrees < 5 ? 1e-12 : 3e-4), "\(degrees)")
        }
    }
}

/// An interval always contains its value, and is informative for few and for extreme examples.
struct IntervalPropertyTests {
    /// A classifier's predictions for n texts: all right, all wrong, all of one class, or mixed.
    private func measured(_ n: Int, classes: Int, _ kind: Int) -> ClassificationMetrics {
        // The last class is rare, with two texts.
        let labels = (0..<n).map { $0 < 2 ? classes - 1 : $0 % max(classes - 1, 1) }
        let rows = labels.enumerated().map { index, label -> [Double] in
            let answer = [label, (label + 1) % classes, 0, (label + (index % 3 == 0 ? 1 : 0)) % classes][kind]
            let sure = 0.55 + 0.4 * Double((index * 7) % 10) / 10
            return (0..<classes).map { $0 == answer ? sure : (1 - sure) / Double(classes - 1) }
        }
        return ClassificationMetrics(
            predictions: rows.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 },
            labels: labels,
            probabilities: rows,
            classCount: classes,
            withIntervals: true
        )
    }

    @Test(arguments: [2, 3, 7], [2, 3, 8, 60])
    func `an interval contains its value and is not empty`(classes: Int, n: Int) {
        for kind in 0..<4 {
            let metrics = measured(n, classes: classes, kind)
            for (name, value) in metrics.values {
                guard let interval = metrics.intervals[name] else { continue }
                #expect(interval.contains(value), "\(kind): \(name) \(value) in \(interval)")
                #expect(interval.lowerBound < interval.upperBound, "\(kind): \(name) \(interval)")
            }
        }
    }

    @Test func `sixty correct predictions with a class of two examples have wide intervals`() throws {
        let right = measured(60, classes: 2, 0)
        #expect(right.probabilities?.areaUnderROC == 1)
        let area = try #require(right.intervals["roc_auc"])
        #expect(area.upperBound == 1 && area.lowerBound < 0.8)
        #expect(try #require(right.intervals["balanced_accuracy"]).lowerBound < 0.7)
        #expect(try #require(right.intervals["matthews_correlation"]).lowerBound < 0.7)
        // A rare class that is rarely right: an average precision of a few hundredths is within its interval.
        let labels = (0..<400).map { $0 % 40 == 0 ? 1 : 0 }
        let scores = labels.indices.map { Double(($0 * 173) % 400) / 400 }
        let rare = ClassificationMetrics(
            predictions: scores.map { $0 > 0.5 ? 1 : 0 },
            labels: labels,
            probabilities: scores.map { [1 - $0, $0] },
            classCount: 2,
            withIntervals: true
        )
        let precision = try #require(rare.probabilities?.averagePrecision)
        let interval = try #require(rare.intervals["average_precision"])
        #expect(precision < 0.06 && interval.contains(precision) && interval.upperBound > 0.1)
    }

    @Test func `intervals narrow with more examples and are reproducible`() throws {
        for classes in [2, 3, 7] {
            let (few, many) = (measured(60, classes: classes, 3), measured(2000, classes: classes, 3))
            #expect(few.intervals == measured(60, classes: classes, 3).intervals)
            for name in ["accuracy", "f1_weighted", "log_loss", "brier_score", "f1_micro"] {
                let (wide, narrow) = (
                    try #require(few.intervals[name]), try #require(many.intervals[name])
                )
                #expect(
                    narrow.upperBound - narrow.lowerBound < wide.upperBound - wide.lowerBound,
                    "\(name) of \(classes)"
                )
            }
        }
    }

    @Test func `metrics without an interval have none, and the table says why`() {
        let metrics = measured(60, classes: 2, 2)
        #expect(metrics.intervals["ece"] == nil && metrics.intervals["matthews_correlation"] == nil)
        #expect(metrics.intervals["majority_baseline"] == nil && metrics.intervals["precision"] == nil)
        let table = metrics.table(labels: ["J", "P"])
        #expect(table.contains("(no interval: all texts or all predictions have the same class)"))
        #expect(table.contains("(no interval: chance alone makes it positive)"))
        #expect(table.contains("the plain loss, without weights or smoothing)"))
    }

    @Test func `intervals of multi-label metrics contain their values`() throws {
        for (kind, n) in [(0, 2), (0, 40), (1, 40), (2, 40), (3, 40), (3, 3)] {
            let truth = (0..<n).map { [[0, 1], [2], [], [0, 1, 2, 3]][$0 % 4] }
            let given = truth.enumerated().map { index, set in
                [set, [], [0], index % 3 == 0 ? [1, 2] : set][kind]
            }
            let probabilities = given.enumerated().map { index, set in
                (0..<4).map { set.contains($0) ? 0.6 + Double(index % 4) / 10 : Double(index % 5) / 10 }
            }
            func measured() -> MultiLabelMetrics {
                MultiLabelMetrics(
                    predictions: given,
                    labels: truth,
                    probabilities: probabilities,
                    labelCount: 4,
                    withIntervals: true
                )
            }
            let metrics = measured()
            #expect(metrics.intervals == measured().intervals)
            var seen = 0
            for (name, value) in metrics.values {
                guard let interval = metrics.intervals[name] else { continue }
                seen += 1
                #expect(interval.contains(value), "\(kind), \(n): \(name) \(value) in \(interval)")
            }
            #expect(seen >= 8)
        }
    }

    @Test func `intervals of regression metrics contain their values, and a perfect prediction has none`()
        throws
    {
        for n in [2, 5, 40] {
            let truth = (0..<n).map { Double($0 * 37 % 11) }
            let metrics = RegressionMetrics(
                predictions: truth.enumerated().map { $1 + Double($0 % 3) - 0.9 },
                labels: truth,
                withIntervals: true
            )
            for (name, value) in metrics.values {
                if let interval = metrics.intervals[name] {
                    #expect(interval.contains(value), "\(name) \(value) in \(interval)")
                }
            }
            #expect(
                RegressionMetrics(predictions: truth, labels: truth, withIntervals: true).intervals.isEmpty
            )
        }
    }

    @Test func `a confusion matrix of thousands of classes takes linear space`()
        throws
    {
        let labels = (0..<20_000).map { $0 * 7 % 20_000 }
        let predictions = labels.enumerated().map { $0 % 4 == 0 ? ($1 + 1) % 20_000 : $1 }
        let confusion = ConfusionMatrix(predictions: predictions, labels: labels, classCount: 20_000)
        let metrics = ClassificationMetrics(confusion)
        #expect(metrics.accuracy == 0.75 && confusion[0, 1] == 1 && confusion[0, 0] == 0)
        #expect(confusion.errors.count == 5000 && confusion.support(of: 3) == 1)
    }
}
