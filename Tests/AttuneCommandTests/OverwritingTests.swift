import Foundation
import TestSupport
import Testing

@testable import AttuneCommand

/// Commands do not overwrite files unless told to: exit code 73, or 64 if an input would be overwritten.
struct OverwritingTests {
    private let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)

    private func path(_ name: String, in folder: URL) -> String {
        folder.appending(path: name).path(percentEncoded: false)
    }

    private func data(in folder: URL) throws -> String {
        let rows = (0..<24).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }
        try Data("text,label\n\(rows.joined(separator: "\n"))\n".utf8).write(
            to: folder.appending(path: "data.csv")
        )
        return path("data.csv", in: folder)
    }

    private func train(_ model: String, _ data: String, _ output: String, _ more: [String] = []) -> [String] {
        [
            "train", "--model", model, "--dataset", data, "--text-column", "text", "--label-column", "label",
            "--max-steps", "2", "--save-strategy", "no", "--output-dir", output,
        ] + more
    }

    @Test func `a second run into the same folder is refused before anything is downloaded`() throws {
        try withTemporaryFolder { folder in
            let (data, out) = (try data(in: folder), path("out", in: folder))
            let first = try attune(train(model, data, out, ["--test-size", "0.25"]))
            #expect(first.code == 0, "\(first.errors)")
            let weights = try Data(contentsOf: folder.appending(path: "out/model.safetensors"))
            let nowhere = ["HF_ENDPOINT": "http://127.0.0.1:1", "HF_HOME": path("home", in: folder)]
            for more in [[], ["--dry-run"], ["--resume-from-checkpoint", "latest"], ["--seeds", "2"]] {
                let second = try attune(train("org/model", "org/texts", out, more), variables: nowhere)
                #expect(second.code == 73 && second.output.isEmpty, "\(more) \(second.errors)")
                #expect(
                    second.errors.contains(
                        "holds a trained model; give another --output-dir, or --overwrite-output-dir"
                    )
                )
            }
            #expect(try Data(contentsOf: folder.appending(path: "out/model.safetensors")) == weights)

            // Both spellings, with and without a value, and in a recipe.
            let recipe = path("run.yaml", in: folder)
            try Data("overwrite_output_dir: true\n".utf8).write(to: URL(filePath: recipe))
            for more in [
                ["--overwrite-output-dir"], ["--overwrite_output_dir"], ["--overwrite_output_dir", "True"],
                [recipe],
            ] {
                let again = try attune(train(model, data, out, ["--seed", "7"] + more))
                #expect(again.code == 0, "\(again.errors)")
                #expect(!FileManager.default.fileExists(atPath: out + "/eval_results.json"))
            }
            #expect(try attune(train(model, data, out, ["--overwrite-output-dir", "false"])).code == 73)
            // The recipe that the run wrote does not overwrite by itself.
            let left = try String(contentsOfFile: out + "/recipe.yaml", encoding: .utf8)
            #expect(!left.contains("overwrite"))
            #expect(try attune(["train", out + "/recipe.yaml"]).code == 73)
        }
    }

    @Test func `the model's folder is refused, also with a trailing slash and through a link`() throws {
        try withTemporaryFolder { folder in
            let (data, copy) = (try data(in: folder), path("model", in: folder))
            try FileManager.default.copyItem(atPath: model, toPath: copy)
            try FileManager.default.createSymbolicLink(
                atPath: path("link", in: folder),
                withDestinationPath: copy
            )
            for output in [copy, copy + "/", path("link", in: folder)] {
                let outcome = try attune(train(copy, data, output, ["--overwrite-output-dir"]))
                #expect(outcome.code == 64 && outcome.output.isEmpty, "\(outcome.errors)")
                #expect(outcome.errors.contains("--output-dir is the folder of --model"), "\(outcome.errors)")
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: copy).sorted()
            #expect(try left == FileManager.default.contentsOfDirectory(atPath: model).sorted())
        }
    }

    @Test func `the command that resumes a run does not overwrite it`() {
        for flag in [["--overwrite-output-dir"], ["--overwrite_output_dir", "True"]] {
            #expect(
                TrainingCommandLine.continuation(of: "attune", flag + ["--seed", "1"])
                    == "attune train --seed 1 --resume-from-checkpoint latest"
            )
        }
    }

    @Test func `a split replaces its files only on request, and never its input file`() throws {
        try withTemporaryFolder { folder in
            let (data, parts) = (try data(in: folder), path("parts", in: folder))
            func split(_ data: String, _ more: [String] = []) throws -> CommandOutcome {
                try attune(
                    [
                        "data", "split", "--dataset", data, "--test-size", "0.25", "--output-dir", parts,
                        "--format",
                        "csv",
                    ] + more
                )
            }
            #expect(try split(data).code == 0)
            let test = try Data(contentsOf: URL(filePath: parts + "/test.csv"))
            let second = try split(data, ["--seed", "9"])
            #expect(
                second.code == 73 && second.errors.contains("train.csv already exists"),
                "\(second.errors)"
            )
            #expect(try Data(contentsOf: URL(filePath: parts + "/test.csv")) == test)
            #expect(try split(data, ["--seed", "9", "--overwrite-output-dir"]).code == 0)
            #expect(try Data(contentsOf: URL(filePath: parts + "/test.csv")) != test)
            let itself = try split(parts + "/train.csv", ["--overwrite-output-dir"])
            #expect(
                itself.code == 64 && itself.errors.contains("is the file of --dataset"),
                "\(itself.errors)"
            )
        }
    }

    @Test func `an --output file is replaced, but an input file is not`() throws {
        try withTemporaryFolder { folder in
            let data = try data(in: folder)
            let other = path("other.csv", in: folder)
            try Data("old".utf8).write(to: URL(filePath: other))
            let converted = try attune(["data", "convert", "--dataset", data, "--output", other])
            #expect(converted.code == 0, "\(converted.errors)")
            let before = try Data(contentsOf: URL(filePath: data))
            let itself = try attune([
                "data", "convert", "--dataset", data, "--columns", "text", "--output",
                path("./data.csv", in: folder),
            ])
            #expect(
                itself.code == 64 && itself.errors.contains("is also the file of --dataset"),
                "\(itself.errors)"
            )
            for command in [
                ["predict", "--input", data], ["tokenize", "--input", data], ["decode", "--input", data],
                ["evaluate", "--dataset", data, "--text-column", "text", "--label-column", "label"],
            ] {
                let outcome = try attune(command + ["--model", model, "--output", data])
                #expect(
                    outcome.code == 64 && outcome.errors.contains("would be overwritten"),
                    "\(outcome.errors)"
                )
            }
            #expect(try Data(contentsOf: URL(filePath: data)) == before)
        }
    }
}
