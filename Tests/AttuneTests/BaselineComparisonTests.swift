import Attune
import Files
import Foundation
import JSON
import TestSupport
import Testing

struct BaselineComparisonTests {
    private let rows = (0..<60).map {
        $0.isMultiple(of: 3) ? "number \($0) is sunny,ann" : "number \($0) is rainy,bob"
    }

    private func job(in folder: URL) throws -> TrainingJob {
        let url = folder.appending(path: "data.csv")
        try Data((["text,author"] + rows).joined(separator: "\n").utf8).write(to: url)
        var job = TrainingJob(
            model: Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false),
            dataset: url.path(percentEncoded: false),
            label: "author"
        )
        job.recipe.evaluation = .holdOut(.fraction(0.25), stratification: .column("author"), seed: 1)
        (job.recipe.length, job.recipe.saving.strategy) = (.steps(1), .no)
        return job
    }

    private func results(of folder: URL) throws -> JSONValue {
        try JSONValue.parse(Data(contentsOf: folder.appending(path: "all_results.json")))
    }

    @Test func `a run compares its last evaluation with a linear baseline and the majority class`() throws {
        try withTemporaryFolder { folder in
            let output = folder.appending(path: "out")
            let result = try job(in: folder).run(into: output) { _ in }
            let baseline = try #require(result.baseline)
            #expect(baseline.linear["accuracy"] == 1)
            #expect(baseline.majority["accuracy"] == 10.0 / 15)
            #expect(baseline.linear.count == result.evaluation?.metrics.count)
            #expect((baseline.trainedRows, baseline.rows) == (45, 45))
            let saved = try results(of: output)
            #expect(saved["baseline_accuracy"].double == 1 && saved["baseline_f1_macro"].double == 1)
            #expect(saved["majority_accuracy"].double == 10.0 / 15)
            #expect(saved["baseline_train_rows"].int == 45)
            let card = try String(contentsOf: output.appending(path: "README.md"), encoding: .utf8)
            #expect(card.contains("linear baseline (TF-IDF)    1.0000"))
            #expect(card.contains("majority class              0.6667"))
        }
    }

    @Test func `a run without an evaluation, or with no_baseline, compares nothing`() throws {
        try withTemporaryFolder { folder in
            var plain = try job(in: folder)
            plain.recipe.evaluation = .none
            #expect(try plain.run(into: folder.appending(path: "plain")) { _ in }.baseline == nil)
            var without = try job(in: folder)
            without.recipe.comparesBaseline = false
            let output = folder.appending(path: "without")
            #expect(try without.run(into: output) { _ in }.baseline == nil)
            #expect(try results(of: output)["baseline_accuracy"] == .null)
            let card = try String(contentsOf: output.appending(path: "README.md"), encoding: .utf8)
            #expect(!card.contains("linear baseline"))
        }
    }
}
