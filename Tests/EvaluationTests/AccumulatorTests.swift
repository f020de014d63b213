import Foundation
import TestSupport
import Testing

@testable import Evaluation

/// Accumulating batches gives the same metrics as all examples together, in memory linear in classes and rows.
struct AccumulatorTests {
    /// Logits with ties, from a classifier that is right about half the time.
    private func logits(_ count: Int, classes: Int) -> [[Float]] {
        (0..<count).map { row in
            (0..<classes).map { id in
                let noise = Float((row * 31 + id * 17) % 23) / 8
                return noise + (id == row % classes && row % 3 > 0 ? 2 : 0)
            }
        }
    }

    private func softmax(_ row: [Float]) -> [Double] {
        let exponentials = row.map { exp(Double($0 - (row.max() ?? 0))) }
        let total = exponentials.reduce(0, +)
        return exponentials.map { $0 / total }
    }

    private func best(_ row: [Float]) -> Int { row.indices.max { row[$0] < row[$1] } ?? 0 }

    private func measured(
        _ logits: [[Float]],
        _ labels: [Int],
        classes: Int,
        batch: Int,
        keepingAtMost limit: Int = ScoreColumns.most
    ) -> ClassificationMetrics {
        var accumulator = ClassificationAccumulator(
            labels: labels,
            classCount: classes,
            .softmax,
            keepingAtMost: limit
        )
        for start in stride(from: 0, to: logits.count, by: batch) {
            accumulator.add(logits: Array(logits[start..<min(start + batch, logits.count)].joined()))
        }
        return accumulator.metrics(withIntervals: true)
    }

    @Test(arguments: [2, 3, 70]) func `batches of any size give the metrics of all probabilities`(
        classes: Int
    ) {
        let rows = logits(60, classes: classes)
        // Not every class occurs.
        let labels = rows.indices.map { $0 % max(classes - 1, 2) }
        let whole = ClassificationMetrics(
            predictions: rows.map(best),
            labels: labels,
            probabilities: rows.map(softmax),
            classCount: classes,
            withIntervals: true
        )
        #expect(whole.probabilities?.areaUnderROC != nil)
        for batch in [1, 7, 60] {
            #expect(measured(rows, labels, classes: classes, batch: batch) == whole)
        }
    }

    @Test
    func `label sets in batches give the metrics of all probabilities, with few or many predicted labels`() {
        for shift in [-3, 0, 3] as [Float] {
            let rows = logits(40, classes: 70).map { row in row.map { $0 - 1.5 + shift } }
            let sets = rows.indices.map { row in (0..<row % 4).map { (row * 7 + $0 * 11) % 70 } }
            let scores = rows.map { row in row.map { 1 / (1 + exp(-Double($0))) } }
            let whole = MultiLabelMetrics(
                predictions: scores.map { row in row.indices.filter { row[$0] > 0.5 } },
                labels: sets,
                probabilities: scores,
                labelCount: 70,
                withIntervals: true
            )
            #expect(whole.intervals["f1_samples"] != nil && whole.areaUnderROC != nil)
            for batch in [1, 9] {
                var accumulator = MultiLabelAccumulator(labels: sets, labelCount: 70)
                for start in stride(from: 0, to: rows.count, by: batch) {
                    accumulator.add(logits: Array(rows[start..<min(start + batch, rows.count)].joined()))
                }
                #expect(accumulator.metrics(withIntervals: true) == whole)
            }
        }
    }

    @Test func `only areas that compare too many scores are left out`() throws {
        let (rows, labels) = (logits(30, classes: 5), (0..<30).map { $0 % 5 })
        let all = measured(rows, labels, classes: 5, batch: 8, keepingAtMost: 150)
        let few = measured(rows, labels, classes: 5, batch: 8, keepingAtMost: 149)
        let names = ["roc_auc", "average_precision"]
        #expect(all.values.map(\.name).contains("roc_auc"))
        #expect(few.values.map(\.name) == all.values.map(\.name).filter { !names.contains($0) })
        for (name, value) in few.values { #expect(value == all.values.first { $0.name == name }?.value) }
        #expect(few.intervals == all.intervals.filter { !names.contains($0.key) })
        #expect(few.probabilities?.uncomparedScores == 150 && all.probabilities?.uncomparedScores == nil)
        let table = few.table(labels: ["a", "b", "c", "d", "e"])
        #expect(table.contains("ROC-AUC, PR-AUC      left out: they compare 150 scores, but at most"))
        #expect(!all.table(labels: ["a", "b", "c", "d", "e"]).contains("left out"))
    }

    @Test func `only scores of classes that occur are kept`() {
        let members = ClassMembers(
            [[70_000], [5], [70_000]],
            classCount: 100_000,
            of: 0..<100_000
        )
        #expect(members.classes == [5, 70_000] && Array(members.examples(ofPlace: 1)) == [0, 2])
        var columns = ScoreColumns(members.classes, count: 3, .softmax)
        let row = (0..<100_000).map { Float($0 % 10) }
        row.withUnsafeBufferPointer { row in
            for _ in 0..<3 { columns.add(row, highest: 9, total: 20_000) }
        }
        #expect(columns.count == 6)
    }

    // A matrix of all pairs of these classes would take 3 GB, and one of all rows and classes 160 GB.
    @Test func `twenty thousand classes are evaluated with intervals`() throws {
        let classes = 20_000
        let labels = (0..<40).map { $0 * 499 }
        var accumulator = ClassificationAccumulator(labels: labels, classCount: classes)
        for (row, label) in labels.enumerated() {
            var logits = [Float](repeating: 0, count: classes)
            logits[row % 4 == 0 ? label + 1 : label] = 20
            accumulator.add(logits: logits)
        }
        let metrics = accumulator.metrics(withIntervals: true)
        #expect(metrics.accuracy == 0.75 && metrics.confusion.errors.count == 10)
        #expect(try #require(metrics.intervals["f1_macro"]).contains(metrics.averaged(\.f1, .macro)))
        #expect(try #require(metrics.probabilities?.areaUnderROC) > 0.7)
    }

    @Test func `the largest errors equal those found among all pairs`() {
        let labels = (0..<500).map { $0 * 7 % 13 }
        let predictions = labels.enumerated().map { ($1 + $0 % 5 * ($0 % 3)) % 13 }
        let confusion = ConfusionMatrix(predictions: predictions, labels: labels, classCount: 13)
        let pairs = (0..<13).flatMap { label in (0..<13).map { (label, $0, confusion[label, $0]) } }
            .filter { $0.0 != $0.1 && $0.2 > 0 }
            .sorted { ($1.2, $0.0, $0.1) < ($0.2, $1.0, $1.1) }
        #expect(
            confusion.largestErrors(.max).map { [$0.label, $0.prediction, $0.count] }
                == pairs.map { [$0.0, $0.1, $0.2] }
        )
        #expect(confusion.largestErrors(4).count == 4)
    }

    @Test func `the table of thousands of classes shows the largest and the worst`() throws {
        let classes = 3000
        // Class 7 has the most examples, and class 8 is never right. The last thousand have none.
        var labels = Array(0..<2000)
        labels += [Int](repeating: 7, count: 50) + [Int](repeating: 8, count: 20)
        let predictions = labels.map { $0 == 8 ? 9 : $0 }
        let metrics = ClassificationMetrics(
            ConfusionMatrix(predictions: predictions, labels: labels, classCount: classes)
        )
        let names = (0..<classes).map { "name \($0)" }
        let lines = metrics.table(labels: names).split(separator: "\n").map(String.init)
        #expect(lines.count < 50)
        let largest = try #require(
            lines.firstIndex(of: "the 15 largest of 2,000 classes with examples, of 3,000")
        )
        #expect(lines[largest + 2].hasPrefix("name 7 ") && lines[largest + 2].hasSuffix("51"))
        let worst = try #require(
            lines.firstIndex(of: "the 15 worst by F1 of 2,000 classes with examples, of 3,000")
        )
        #expect(lines[worst + 2].hasPrefix("name 8 ") && lines[worst + 3].hasPrefix("name 9 "))
        // With few classes, each has a row.
        let few = ClassificationMetrics(
            ConfusionMatrix(predictions: Array(0..<60), labels: Array(0..<60), classCount: 60)
        )
        #expect(few.table(labels: Array(names.prefix(60))).contains("name 59"))
    }
}
