import Evaluation
import JSON
import TestSupport
import Testing

struct MetricsTests {
    // 1e-12: the same few operations in float64.
    @Test func `every metric equals scikit-learn's, also if a class is missing`() throws {
        let cases = try Fixture.cases("metrics/metrics.json")
        #expect(cases.count == 10)
        for fixture in cases {
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

    // 1e-12: the same few operations in float64.
    @Test func `multi-label metrics equal scikit-learn's, also for examples without labels`() throws {
        let cases = try Fixture.cases("metrics/multilabel.json")
        #expect(cases.count == 8)
        for fixture in cases {
            func sets(_ name: String) -> [[Int]] {
                (fixture[name].array ?? []).map { ($0.array ?? []).compactMap(\.int) }
            }
            let metrics = MultiLabelMetrics(
                predictions: sets("predictions"),
                labels: sets("labels"),
                labelCount: try #require(fixture["classes"].int)
            )
            try expect(.multiLabel(metrics), fixture)
            let labels = try #require(fixture["per_label"].array)
            try #require(labels.count == metrics.perLabel.count)
            for (ours, theirs) in zip(metrics.perLabel, labels) {
                let wanted = (theirs.array ?? []).compactMap(\.double)
                let found = [ours.precision, ours.recall, ours.f1, Double(ours.support)]
                try #require(wanted.count == found.count)
                #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-12 }, "\(fixture.oneLine)")
            }
        }
    }

    // 1e-12, relative to numbers of a few units: the same sums in float64, in another order.
    @Test func `regression metrics equal scikit-learn's and SciPy's, including ties and constants`() throws {
        let cases = try Fixture.cases("metrics/regression.json")
        #expect(cases.count == 8)
        for fixture in cases {
            func numbers(_ name: String) -> [Double] { (fixture[name].array ?? []).compactMap(\.double) }
            let metrics = RegressionMetrics(predictions: numbers("predictions"), labels: numbers("labels"))
            try expect(.regression(metrics), fixture)
        }
    }

    private func expect(_ metrics: EvaluationMetrics, _ fixture: JSONValue) throws {
        let expected = try #require(fixture["values"].object?.members)
        #expect(metrics.values.map(\.name).sorted() == expected.map(\.name).sorted())
        for member in expected {
            let (value, wanted) = (try #require(metrics[member.name]), try #require(member.value.double))
            #expect(abs(value - wanted) < 1e-12 * max(1, abs(wanted)), "\(member.name) of \(fixture.oneLine)")
        }
    }

    @Test func `no examples and NaN predictions do not crash`() {
        let none = EvaluationMetrics.regression(RegressionMetrics(predictions: [], labels: []))
        #expect(none["rmse"] == 0 && none.count == 0)
        let broken = RegressionMetrics(predictions: [.nan, .nan, 1], labels: [1, 2, 3])
        #expect(broken.meanSquaredError.isNaN)
        #expect(MultiLabelMetrics(predictions: [], labels: [], labelCount: 2).exactMatch == 0)
    }

    @Test func `tables of multi-label and regression metrics`() {
        let sets = MultiLabelMetrics(
            predictions: [[0], [0, 1], []],
            labels: [[0], [1], [1]],
            labelCount: 2
        )
        #expect(
            EvaluationMetrics.multiLabel(sets).table(labels: ["toxic", "insult"]) == """
                F1 micro             0.667   (over all decisions)
                F1 macro             0.667   (mean over labels)
                F1 weighted          0.667   (labels weighted by examples)
                F1 samples           0.556   (mean over texts; 0 for a text with neither true nor predicted labels)
                exact match          0.333   (all labels correct)
                Hamming loss         0.333   (share of wrong decisions)

                label   precision  recall     F1  examples
                toxic       0.500   1.000  0.667         1
                insult      1.000   0.500  0.667         2

                """
        )
        let numbers = RegressionMetrics(predictions: [1, 2, 4], labels: [1, 2, 3])
        #expect(
            EvaluationMetrics.regression(numbers).table(labels: ["stars"]) == """
                RMSE                 0.5774   (mean baseline: 0.8165)
                MAE                  0.3333
                R²                   0.500
                Pearson              0.982
                Spearman             1.000

                """
        )
    }

    @Test func `the table shows classes and confusion`() {
        let metrics = ClassificationMetrics(
            ConfusionMatrix(predictions: [0, 1, 1, 1], labels: [0, 0, 1, 1], classCount: 2)
        )
        #expect(
            metrics.table(labels: ["Hillary", "Donald"]) == """
                accuracy             0.750   (95 %: 0.301 to 0.954; majority baseline: 0.500)
                balanced accuracy    0.750
                Matthews correlation 0.577
                F1 macro             0.733
                F1 weighted          0.733

                class    precision  recall     F1  examples
                Hillary      1.000   0.500  0.667         2
                Donald       0.667   1.000  0.800         2

                true \\ predicted  Hillary  Donald
                Hillary                 1       1
                Donald                  0       2

                """
        )
    }
}
