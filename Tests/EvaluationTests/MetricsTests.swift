import Evaluation
import JSON
import TestSupport
import Testing

struct MetricsTests {
    // 1e-12: the same few operations in float64.
    @Test func `every metric is scikit-learn's, also where a class is missing`() throws {
        for fixture in try Fixture.cases("metrics/metrics.json") {
            func ids(_ name: String) -> [Int] { (fixture[name].array ?? []).compactMap(\.int) }
            let metrics = ClassificationMetrics(
                ConfusionMatrix(
                    predictions: ids("predictions"),
                    labels: ids("labels"),
                    classCount: try #require(fixture["classes"].int)
                )
            )
            let expected = try #require(fixture["values"].object?.members)
            let ours = Dictionary(uniqueKeysWithValues: metrics.values.map { ($0.name, $0.value) })
            #expect(Set(ours.keys) == Set(expected.map(\.name)))
            for member in expected {
                let (value, wanted) = (try #require(ours[member.name]), try #require(member.value.double))
                #expect(abs(value - wanted) < 1e-12, "\(member.name) of \(fixture.oneLine)")
            }
        }
    }

    @Test func `an interval holds the accuracy and narrows with examples`() {
        func interval(_ n: Int) -> ClosedRange<Double> {
            let labels = (0..<n).map { $0 % 2 }
            let predictions = (0..<n).map { $0 % 10 == 0 ? 1 : $0 % 2 }
            return ClassificationMetrics(
                ConfusionMatrix(predictions: predictions, labels: labels, classCount: 2)
            ).accuracyInterval
        }
        #expect(interval(100).contains(0.9) && interval(10_000).contains(0.9))
        // scipy.stats.binomtest(90, 100).proportion_ci(method="wilson")
        #expect(abs(interval(100).lowerBound - 0.8256343384950865) < 1e-12)
        #expect(abs(interval(100).upperBound - 0.9447708629393249) < 1e-12)
    }

    @Test func `the table shows classes and confusion`() {
        let metrics = ClassificationMetrics(
            ConfusionMatrix(predictions: [0, 1, 1, 1], labels: [0, 0, 1, 1], classCount: 2)
        )
        #expect(
            metrics.table(labels: ["Hillary", "Donald"]) == """
                accuracy             0.750   (95 %: 0.301 to 0.954; always the largest class: 0.500)
                balanced accuracy    0.750
                Matthews correlation 0.577
                F1 macro             0.733
                F1 weighted          0.733

                class    precision  recall     F1  examples
                Hillary      1.000   0.500  0.667         2
                Donald       0.667   1.000  0.800         2

                is \\ taken for  Hillary  Donald
                Hillary               1       1
                Donald                0       2

                """
        )
    }
}
