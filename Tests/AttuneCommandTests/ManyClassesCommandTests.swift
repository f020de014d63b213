import Foundation
import JSON
import TestSupport
import Testing

/// With hundreds of classes the output shows the largest and the worst, and files contain all.
struct ManyClassesCommandTests {
    @Test func `three hundred classes: train, evaluate, predict`() throws {
        try withTemporaryFolder { folder in
            func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }
            // Class 7 has more rows than any other.
            let rows = (0..<1300).map { row in
                let label = row < 1200 ? row % 300 : 7
                return "\(row % 5) word \(label),class \(label)"
            }
            try Data(("text,label\n" + rows.joined(separator: "\n")).utf8)
                .write(to: folder.appending(path: "data.csv"))
            let job = [
                "train", "--model",
                Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false),
                "--dataset", path("data.csv"), "--text-column", "text", "--label-column", "label",
                "--class-weights", "balanced", "--test-size", "0.25", "--max-steps", "3", "--save-strategy",
                "no", "--output-dir", path("out"),
            ]
            let planned = try attune(job + ["--dry-run"])
            #expect(planned.code == 0 && planned.output.contains("300, from class 7 78 (8.0 %), class 0 3"))
            #expect(planned.output.utf8.count < 4000)
            let trained = try attune(job)
            #expect(trained.code == 0, "\(trained.errors)")
            #expect(trained.errors.contains("class weights: 300, from "))
            #expect(trained.output.contains("the 15 largest of 300 classes\n"))
            #expect(trained.output.contains("the 15 worst by F1 of 300 classes\n"))
            #expect((trained.output + trained.errors).utf8.count < 8000)
            let card = try String(contentsOf: folder.appending(path: "out/README.md"), encoding: .utf8)
            #expect(card.contains("These 50 have the most texts; all 300 are in `config.json`."))
            #expect(card.contains("| 78 |") && card.split(separator: "\n").count < 360)

            let measured = try attune([
                "evaluate", "--model", path("out"), "--dataset", path("data.csv"), "--output",
                path("all.json"),
            ])
            #expect(measured.code == 0, "\(measured.errors)")
            let results = try JSONValue.parse(Data(contentsOf: folder.appending(path: "all.json")))
            let classes = try #require(results["per_label"].array)
            #expect(classes.count == 300)
            #expect(classes.compactMap { $0["support"].int }.reduce(0, +) == 1300)
            let confusions = try #require(results["confusions"].array).compactMap { $0["count"].int }
            #expect(confusions == confusions.sorted(by: >) && confusions.last ?? 0 > 0)
            let wrong = 1300 * (1 - (try #require(results["eval_accuracy"].double)))
            #expect(confusions.reduce(0, +) == Int(wrong.rounded()))
            #expect(results["eval_roc_auc_interval"].array?.count == 2)

            // Empty texts without a prediction keep their lines, at both ends and in between.
            try Data("text\n\"\"\nword 7\n\"\"\nword 8\n\"\"\n".utf8).write(
                to: folder.appending(path: "new.csv")
            )
            let said = try attune([
                "predict", "--model", path("out"), "--input", path("new.csv"), "--empty-texts", "drop",
                "--logits",
                "--output", path("said.jsonl"),
            ])
            #expect(said.code == 0 && said.errors.contains("wrote 5 predictions"), "\(said.errors)")
            let lines = try String(contentsOf: folder.appending(path: "said.jsonl"), encoding: .utf8)
                .split(separator: "\n").map { try JSONValue.parse(Array($0.utf8)) }
            try #require(lines.count == 5)
            for line in [lines[0], lines[2], lines[4]] { #expect(line.oneLine == "{\"label\": null}") }
            for line in [lines[1], lines[3]] {
                let scores = try #require(line["scores"].object?.members)
                #expect(scores.map(\.name).sorted() == (0..<300).map { "class \($0)" }.sorted())
                let best = try #require(scores.max { ($0.value.double ?? 0) < ($1.value.double ?? 0) })
                #expect(line["label"].string == best.name && line["score"] == best.value)
                #expect(line["logits"].array?.count == 300)
                // 1e-9: a sum of 300 numbers in float64.
                #expect(abs(scores.compactMap(\.value.double).reduce(0, +) - 1) < 1e-9)
            }
        }
    }
}
