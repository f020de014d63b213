import Foundation
import JSON
import TestSupport
import Testing

/// A run with a NaN loss, and the command that replays its step.
struct ReplayCommandTests {
    @Test func `a run with a far too high learning rate stops, and its step is replayed`() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<24).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }
            let data = folder.appending(path: "data.csv")
            try Data("text,label\n\(rows.joined(separator: "\n"))".utf8).write(to: data)
            let out = folder.appending(path: "it's out").path(percentEncoded: false)
            let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
            func train(_ more: [String] = []) throws -> CommandOutcome {
                try attune(
                    [
                        "train", "--model", model, "--dataset", data.path(percentEncoded: false),
                        "--text-column",
                        "text", "--label-column", "label", "--output-dir", out, "--optim", "sgd",
                        "--learning-rate", "1e30", "--max-grad-norm", "0", "--save-strategy", "no",
                    ] + more
                )
            }
            let quiet = try train(["--no-replay-file"])
            #expect(quiet.code == 65 && !quiet.errors.contains("replay"), "\(quiet.errors)")
            let lost = try train()
            #expect(lost.code == 65, "\(lost.errors)")
            #expect(
                lost.errors.contains("attune: error: step 2: the loss is nan, and training stopped"),
                "\(lost.errors)"
            )
            #expect(lost.errors.contains("`attune replay '"), "the path is quoted: \(lost.errors)")
            let file = out + "/replay-step-2.safetensors"
            let json = folder.appending(path: "report.json")
            let again = try attune(["replay", file, "--output", json.path(percentEncoded: false)])
            #expect(again.code == 0, "\(again.errors)")
            #expect(
                again.output.hasPrefix("step 2 of 9, learning rate ")
                    && again.output.contains("fp32, seed 42"),
                "\(again.output)"
            )
            #expect(again.output.contains("outputs of the layers") && again.output.contains("<- first"))
            let printed = try attune(["replay", file, "--json", "--quiet"])
            #expect(printed.code == 0 && printed.errors.isEmpty, "\(printed.errors)")
            let report = try JSONValue.parse(Data(contentsOf: json))
            #expect(try JSONValue.parse(printed.output.utf8)["explanation"] == report["explanation"])
            #expect(report["reproduced"].bool == true && report["micro_batches"].array?.count == 1)
            let explanation = try #require(report["explanation"].string)
            #expect(lost.errors.contains(explanation), "\(explanation)")
            #expect(report["micro_batches"].array?[0]["layers"].array?.count == 15)
        }
    }

    @Test func `a file that is not a replay file is refused with exit code 65`() throws {
        let other = Fixture.folder.appending(path: "models/tiny-base/model.safetensors").path(
            percentEncoded: false
        )
        let outcome = try attune(["replay", other])
        #expect(outcome.code == 65 && outcome.errors.contains("is not a replay file"))
        #expect(try attune(["replay", "no-such-file"]).code == 66)
    }
}
