import Evaluation
import Foundation
import Testing

@testable import Attune

/// The rows of a dataset are joined with the runs that held them out.
@Suite("Out-of-sample probabilities from several runs")
struct OutOfSampleRowsTests {
    /// A run's evaluated rows: the texts' hashes, and logits by label.
    private func run(
        _ name: String,
        _ hashes: [String],
        _ logits: [[Float]],
        labels: [String] = ["a", "b"]
    ) -> (name: String, rows: ScoredRows) {
        let rows = ScoredRows(
            labels: labels,
            logits: logits.flatMap { $0 },
            // The dataset's labels count, not those of the evaluation.
            truth: .classes(hashes.map { _ in 0 }),
            tokenCounts: hashes.map { _ in 1 },
            isTruncated: hashes.map { _ in false },
            textHashes: hashes
        )
        return (name, rows)
    }

    // 1e-12: the same exponentials in float64.
    private func isClose(_ first: some Sequence<Double>, _ second: [Double]) -> Bool {
        let first = Array(first)
        return first.count == second.count && zip(first, second).allSatisfy { abs($0 - $1) < 1e-12 }
    }

    @Test("rows are found by their texts, in any order, and labels by their names")
    func join() throws {
        let joined = try OutOfSampleRows(
            joining: [
                run("one", ["h2", "h0"], [[0, 0], [Float(log(3.0)), 0]]),
                run("two", ["h1"], [[0, Float(log(4.0))]], labels: ["b", "a"]),
            ],
            textHashes: ["h0", "h1", "h2", "h9", "h0"],
            truth: [0, 1, 1, 0, 1]
        )
        #expect(joined.rows == [0, 1, 2, 4] && joined.labels == ["a", "b"])
        #expect(joined.probabilities.truth == .classes([0, 1, 1, 1]))
        // float32 rounds the logits: 1e-7.
        let expected = [0.75, 0.25, 0.8, 0.2, 0.5, 0.5, 0.75, 0.25]
        #expect(zip(joined.probabilities.values, expected).allSatisfy { abs($0 - $1) < 1e-7 })
        #expect(joined.probabilities.values.count == expected.count)
    }

    @Test("a row that several runs evaluated has the mean of their probabilities")
    func mean() throws {
        let joined = try OutOfSampleRows(
            joining: [run("one", ["h0"], [[0, 0]]), run("two", ["h0", "h0"], [[0, 0], [40, -40]])],
            textHashes: ["h0"],
            truth: [0]
        )
        #expect(isClose(joined.probabilities.row(0), [2.0 / 3, 1.0 / 3]))
    }

    @Test("suspects have the numbers of the dataset's rows")
    func suspects() throws {
        let (sure, unsure): ([Float], [Float]) = ([4, -4], [-4, 4])
        // The labels of rows 7 and 8 are not those that the runs predict.
        let hashes = (0..<12).map { "h\($0)" }
        let logits = (0..<12).map { $0 % 2 == 0 ? sure : unsure }
        var truth = (0..<12).map { $0 % 2 }
        (truth[7], truth[8]) = (0, 1)
        let joined = try OutOfSampleRows(
            joining: [
                run("one", Array(hashes[6...]), Array(logits[6...])),
                run("two", Array(hashes[2..<6]), Array(logits[2..<6])),
            ],
            textHashes: hashes,
            truth: truth
        )
        let found = try ConfidentLearning(joined.probabilities, rule: .confidentLearning)
        #expect(found.suspects.map { $0.numbered(joined.rows[$0.row]).row } == [7, 8])
        #expect(found.suspects.map(\.row) == [5, 6])
    }

    @Test("other rows, other labels and several labels per row are refused by name")
    func refused() {
        func complaint(_ runs: [(name: String, rows: ScoredRows)]) -> String {
            do throws(DecisionError) {
                _ = try OutOfSampleRows(joining: runs, textHashes: ["h0"], truth: [0])
                return "nothing"
            } catch { return error.message }
        }
        let one = run("one", ["h0"], [[0, 0]])
        #expect(complaint([]).contains("at least one run"))
        #expect(
            complaint([one, run("two", ["h0", "h7"], [[0, 0], [0, 0]])])
                .hasPrefix("two: the text of evaluated row 2 is not in the dataset")
        )
        #expect(
            complaint([one, run("two", ["h0"], [[0, 0]], labels: ["a", "c"])])
                .contains("one and two have different labels: only one of them knows \"b\"")
        )
        #expect(
            complaint([one, run("two", ["h0"], [[0, 0, 0]], labels: ["a", "b", "c"])])
                .contains("only one of them knows \"c\"")
        )
        let sets = ScoredRows(
            labels: ["a", "b"],
            logits: [0, 0],
            truth: .labelSets([[0]]),
            tokenCounts: [1],
            isTruncated: [false],
            textHashes: ["h0"]
        )
        #expect(complaint([(name: "many", rows: sets)]).hasPrefix("many: suspects are found only among"))
    }
}
