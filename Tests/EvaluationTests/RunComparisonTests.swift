import Foundation
import TestSupport
import Testing

@testable import Evaluation

/// Runs side by side on the same rows.
@Suite struct RunComparisonTests {
    /// Rows with two labels; a prediction is the id of the higher logit.
    private func rows(_ predictions: [Int], truth: [Int], texts: [String]? = nil) -> ScoredRows {
        ScoredRows(
            labels: ["a", "b"],
            logits: predictions.flatMap { $0 == 0 ? [1, -1] : [-1, 1] as [Float] },
            truth: .classes(truth),
            tokenCounts: truth.map { _ in 1 },
            isTruncated: truth.map { _ in false },
            textHashes: texts ?? truth.indices.map(String.init)
        )
    }

    @Test("Differences, the test and the changed predictions are those of the rows")
    func compared() throws {
        let truth = [0, 0, 0, 1, 1, 1]
        let comparison = try RunComparison([
            ("one", rows([0, 0, 1, 1, 0, 0], truth: truth)),
            ("two", rows([0, 0, 0, 1, 1, 0], truth: truth)),
        ])
        let pair = try #require(comparison.pairs.first)
        #expect(comparison.pairs.count == 1 && comparison.rowCount == 6)
        #expect(pair.mcNemar == McNemarTest(onlyFirst: 0, onlySecond: 2))
        #expect(pair.corrected == pair.mcNemar?.exact)
        #expect(pair.differences.map(\.metric) == ["accuracy", "f1_macro"])
        let metrics = comparison.runs.map(\.metrics)
        for (name, found) in pair.differences {
            let values = try metrics.map { try #require($0[name]) }
            // 1e-12: the same shares.
            #expect(abs(found.difference - (values[1] - values[0])) < 1e-12)
        }
        #expect(comparison.flips.map(\.row) == [2, 4])
        #expect(comparison.flips[0] == .init(row: 2, truth: ["a"], predictions: [["b"], ["a"]]))
        #expect(metrics[0].intervals["accuracy"] != nil)
    }

    @Test("The p-values of more than two runs are corrected")
    func corrected() throws {
        let truth = Array(repeating: 0, count: 12)
        let comparison = try RunComparison(
            [12, 6, 4].map { right in
                ("\(right)", rows((0..<12).map { $0 < right ? 0 : 1 }, truth: truth))
            },
            draws: 50
        )
        let exact = comparison.pairs.compactMap { $0.mcNemar?.exact }
        #expect(comparison.pairs.map { [$0.first, $0.second] } == [[0, 1], [0, 2], [1, 2]])
        #expect(comparison.pairs.compactMap(\.corrected) == holm(exact))
    }

    @Test(
        "Runs on other rows are refused, naming the rows",
        arguments: [
            ([0, 1], [0, 1], nil, "were evaluated on different rows: 3 and 2"),
            ([0, 1, 0], [0, 1, 0], ["0", "x", "2"], "different texts in 1 of 3 rows (2)"),
            ([0, 1, 0], [1, 1, 1], nil, "different labels in 2 of 3 rows (1, 3)"),
        ] as [([Int], [Int], [String]?, String)]
    )
    func refused(predictions: [Int], truth: [Int], texts: [String]?, message: String) {
        let one = rows([0, 1, 0], truth: [0, 1, 0])
        let other = rows(predictions, truth: truth, texts: texts)
        let error = #expect(throws: DecisionError.self) {
            try RunComparison([("one", one), ("two", other)])
        }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("Numbers are compared by their mean absolute error")
    func regression() throws {
        func numbers(_ predictions: [Float]) -> ScoredRows {
            ScoredRows(
                labels: ["price"],
                logits: predictions,
                truth: .numbers([1, 2, 3]),
                tokenCounts: [1, 1, 1],
                isTruncated: [false, false, false],
                textHashes: ["0", "1", "2"]
            )
        }
        let comparison = try RunComparison(
            [("one", numbers([1, 2, 3])), ("two", numbers([2, 2, 3]))],
            draws: 50
        )
        #expect(comparison.pairs[0].mcNemar == nil && comparison.flips.isEmpty)
        #expect(comparison.pairs[0].differences[0].metric == "mae")
        #expect(abs(comparison.pairs[0].differences[0].bootstrap.difference - 1.0 / 3) < 1e-12)
    }

    @Test("Equal texts stay in one part of a division, which depends only on the seed")
    func divided() {
        let texts = (0..<40).map { "\($0 % 25)" }
        let all = rows(texts.map { _ in 0 }, truth: texts.map { _ in 0 }, texts: texts)
        let (first, second) = all.divided(0.5, seed: 1)
        #expect((first + second).sorted() == Array(0..<40))
        #expect(Set(first.map { texts[$0] }).isDisjoint(with: second.map { texts[$0] }))
        #expect((19...21).contains(second.count))
        #expect(all.divided(0.5, seed: 1).first == first && all.divided(0.5, seed: 2).first != first)
        #expect(all.selecting(first).textHashes == first.map { texts[$0] })
    }
}
