import Attune
import Foundation
import JSON
import TestSupport
import Testing

@Suite struct ScoredRowsTests {
    private let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)

    private func trained(
        _ lines: [String],
        in folder: URL,
        _ change: (inout TrainingJob) -> Void = { _ in }
    ) throws -> (result: TrainingJob.Result, output: URL) {
        let data = folder.appending(path: "data.csv")
        try Data((["text,author"] + lines).joined(separator: "\n").utf8).write(to: data)
        var job = TrainingJob(model: model, dataset: data.path(percentEncoded: false), label: "author")
        job.recipe.evaluation = .holdOut(.fraction(0.25), stratification: .nothing, seed: 1)
        job.recipe.length = .steps(2)
        job.recipe.saving.strategy = .no
        change(&job)
        let output = folder.appending(path: "out", directoryHint: .isDirectory)
        return (try job.run(into: output) { _ in }, output)
    }

    @Test func `a run leaves its evaluated rows, from which its metrics follow`() throws {
        let lines = (0..<40).map {
            $0.isMultiple(of: 2) ? "number \($0) is sunny,ann" : "it is rainy \($0),bob"
        }
        try withTemporaryFolder { folder in
            let (result, output) = try trained(lines, in: folder)
            let rows = try ScoredRows(folder: output, labels: ["ann", "bob"])
            #expect(rows.count == 10 && Set(rows.textHashes).count == 10)
            guard case .classes(let ids) = rows.truth else { Issue.record("not classes"); return }
            let right = (0..<10).count { rows.prediction(of: $0) == ids[$0] }
            #expect(result.evaluation?.metrics["accuracy"] == Double(right) / 10)
            // Read back to the bit.
            #expect(result.evaluation?.logits == rows.logits)
            let hash = try #require(rows.textHashes.first)
            #expect(
                lines.map { TextInputs.texts([String($0.prefix { $0 != "," })]).hashes[0] }.contains(hash)
            )
        }
    }

    @Test func `a numeric run leaves numbers, and a run with several labels leaves lists`() throws {
        try withTemporaryFolder { folder in
            let (_, output) = try trained((0..<20).map { "text \($0),\($0).5" }, in: folder) {
                $0.recipe.problemType = .regression
            }
            let rows = try ScoredRows(folder: output, labels: ["author"])
            guard case .numbers(let numbers) = rows.truth else { Issue.record("not numbers"); return }
            #expect(numbers.count == 5 && numbers.allSatisfy { $0.truncatingRemainder(dividingBy: 1) == 0.5 })
        }
        try withTemporaryFolder { folder in
            let lines = (0..<20).map { "text \($0),\($0 % 3 == 0 ? "\"['a', 'b']\"" : "\"['b']\"")" }
            let (_, output) = try trained(lines, in: folder) { $0.recipe.problemType = .multiLabel }
            let rows = try ScoredRows(folder: output, labels: ["a", "b"])
            guard case .labelSets(let sets) = rows.truth else { Issue.record("not sets"); return }
            #expect(sets.allSatisfy { $0 == [1] || $0 == [0, 1] } && sets.count == 5)
        }
    }

    @Test func `a damaged file is refused with its line`() throws {
        try withTemporaryFolder { folder in
            let good =
                #"{"row": 0, "label": "a", "tokens": 3, "truncated": false, "text_hash": "00", "logits": [0.5, 1]}"#
            for bad in [
                "{}", "x", good.replacing("\"a\"", with: "\"c\""), good.replacing("0.5, 1", with: "0.5"),
                good.replacing("0.5, 1", with: "0.5, null"),
            ] {
                let place = folder.appending(path: ScoredRows.fileName)
                try Data((good + "\n" + bad + "\n").utf8).write(to: place)
                #expect { try ScoredRows(folder: folder, labels: ["a", "b"]) } throws: {
                    "\($0)".contains("line 2")
                }
            }
        }
    }

    @Test func `metrics of texts in windows count texts, and training counts windows`() throws {
        let long = String(repeating: "sunny day ", count: 60)
        let lines = (0..<40).map { $0.isMultiple(of: 2) ? "\(long)\($0),ann" : "rainy \($0),bob" }
        try withTemporaryFolder { folder in
            let (result, output) = try trained(lines, in: folder) { job in
                job.recipe.longText = .window(stride: nil)
                job.recipe.maxLength = 32
                job.recipe.length = .epochs(1)
            }
            let rows = try ScoredRows(folder: output, labels: ["ann", "bob"])
            #expect(rows.count == 10 && result.evaluation?.metrics.count == 10)
            #expect(rows.isTruncated.allSatisfy { !$0 } && rows.tokenCounts.contains { $0 > 100 })
            #expect(result.outcome.examplesSeen > 60)
            #expect(
                try ClassifierSettings(model: output.path(percentEncoded: false)).longText
                    == .window(stride: nil)
            )
        }
    }

    @Test func `a part of a longer text is refused for pairs`() throws {
        try withTemporaryFolder { folder -> Void in
            #expect {
                _ = try trained((0..<20).map { "text \($0),a\($0 % 2)" }, in: folder) {
                    ($0.recipe.textPair, $0.recipe.longText) = ("author", .tail)
                }
            } throws: { "\($0)".contains("--long-text works for single texts") }
        }
    }
}
