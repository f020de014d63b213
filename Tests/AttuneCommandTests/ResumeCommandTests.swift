import Attune
import Foundation
import JSON
import TestSupport
import Testing

/// The output for an evaluation's loss, and for a run that resumes with other settings.
@Suite(.hangGuard) struct ResumeCommandTests {
    private func train(_ model: URL, in folder: URL, _ more: [String]) throws -> CommandOutcome {
        let rows = (0..<24).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }
        let data = folder.appending(path: "data.csv")
        try Data("text,label\n\(rows.joined(separator: "\n"))".utf8).write(to: data)
        return try attune(
            [
                "train", "--model", model.path(percentEncoded: false), "--dataset",
                data.path(percentEncoded: false), "--text-column", "text", "--label-column", "label",
                "--output-dir", folder.appending(path: "out").path(percentEncoded: false), "--test-size", "8",
                "--per-device-train-batch-size", "4", "--save-steps", "2", "--threads", "1",
            ] + more
        )
    }

    private func text(_ name: String, in folder: URL) throws -> String {
        try String(contentsOf: folder.appending(path: "out").appending(path: name), encoding: .utf8)
    }

    private let model = Fixture.folder.appending(path: "models/tiny-base", directoryHint: .isDirectory)

    @Test func `a run that a Swift program cancelled is resumed by the command, with the same bytes`()
        async throws
    {
        try await withTemporaryFolder { folder in
            let rows = (0..<24).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }
            let data = folder.appending(path: "data.csv")
            try Data("text,label\n\(rows.joined(separator: "\n"))".utf8).write(to: data)
            var recipe = Recipe(
                model: .folder(model.path(percentEncoded: false)),
                data: .file(data.path(percentEncoded: false)),
                text: "text",
                label: "label"
            )
            recipe.length = .steps(40)
            recipe.evaluation = .holdOut(0.25)
            recipe.evaluates = .every(steps: 5)
            var options = RunOptions()
            (options.device, options.measurements) = (.cpu, nil)
            let whole = folder.appending(path: "whole")
            _ = try await recipe.start(in: whole, options: options).result
            let stopped = folder.appending(path: "stopped", directoryHint: .isDirectory)
            // The run waits in its first evaluation, because otherwise it could end before it is stopped.
            let gate = Gate()
            options.metrics = [
                CustomMetric("gate") { _ in
                    gate.pass()
                    return 0
                }
            ]
            let run = try await recipe.start(in: stopped, options: options)
            for try await event in run.events {
                guard case .step(let record) = event, record.step == 5 else { continue }
                run.stop()
                gate.open()
            }
            await #expect(throws: TrainingInterrupted.self) { try await run.result }
            let place = stopped.path(percentEncoded: false)
            let resumed = try attune([
                "train", place + "recipe.yaml", "--output-dir", place, "--resume-from-checkpoint", "latest",
            ])
            #expect(resumed.code == 0, "\(resumed.errors)")
            let weights = try [whole, stopped].map {
                try Data(contentsOf: $0.appending(path: "model.safetensors"))
            }
            #expect(weights[0] == weights[1])
        }
    }

    @Test func `another model of the same shapes is refused, and no file names it as the trained model`()
        throws
    {
        try withTemporaryFolder { folder in
            let first = try train(model, in: folder, ["--max-steps", "4"])
            #expect(first.code == 0, "\(first.errors)")
            let recipe = try text("recipe.yaml", in: folder)
            let other = folder.appending(path: "other-model", directoryHint: .isDirectory)
            try FileManager.default.copyItem(at: model, to: other)
            let weights = other.appending(path: "model.safetensors")
            var bytes = try Data(contentsOf: weights)
            // Changes one bit of the last weight's mantissa.
            bytes[bytes.count - 2] ^= 1
            try bytes.write(to: weights)
            let more = ["--max-steps", "6", "--resume-from-checkpoint", "latest"]
            let refused = try train(other, in: folder, more)
            #expect(refused.code == 65)
            #expect(
                refused.errors.contains("cannot resume from checkpoint-4: its run trained the weights of")
                    && refused.errors.contains("tiny-base") && refused.errors.contains("other-model"),
                "\(refused.errors)"
            )
            #expect(try text("recipe.yaml", in: folder) == recipe)
            // A copy of the model is accepted.
            let copy = folder.appending(path: "copy", directoryHint: .isDirectory)
            try FileManager.default.copyItem(at: model, to: copy)
            let resumed = try train(copy, in: folder, more)
            #expect(resumed.code == 0 && !resumed.errors.contains("resuming with"), "\(resumed.errors)")
            for name in ["recipe.yaml", "README.md", "trainer_state.json"] {
                #expect(try text(name, in: folder).contains("copy"), "\(name)")
            }
        }
    }

    @Test func `a resumed run's events supersede those of the repeated steps`() throws {
        try withTemporaryFolder { folder in
            let reporting = ["--report-to", "tensorboard", "--logging-steps", "1"]
            let first = try train(model, in: folder, ["--max-steps", "4"] + reporting)
            #expect(first.code == 0, "\(first.errors)")
            let out = folder.appending(path: "out")
            // As if the run had been killed before it saved its fourth step.
            try FileManager.default.removeItem(at: out.appending(path: "checkpoint-4"))
            let before = Set(
                try FileManager.default.contentsOfDirectory(atPath: out.appending(path: "runs").path())
            )
            let second = try train(
                model,
                in: folder,
                ["--max-steps", "6", "--resume-from-checkpoint", "latest"] + reporting
            )
            #expect(second.code == 0, "\(second.errors)")
            let after = Set(
                try FileManager.default.contentsOfDirectory(atPath: out.appending(path: "runs").path())
            )
            let added = try #require(after.subtracting(before).first)
            let data = try Data(contentsOf: out.appending(path: "runs/\(added)"))
            // Step 3 (field 2), and a session log (field 7) of two bytes with the status START.
            let start = Data([0x10, 3, 0x3A, 2, 0x08, 1])
            #expect(data.prefix(100).range(of: start) != nil)
            // The run's first file supersedes nothing.
            for name in before {
                #expect(
                    try Data(contentsOf: out.appending(path: "runs/\(name)")).range(
                        of: Data([0x3A, 2, 0x08, 1])
                    ) == nil
                )
            }
        }
    }

    @Test func `a changed learning rate is reported with both values, also in the recipe and the model card`()
        throws
    {
        try withTemporaryFolder { folder in
            _ = try train(model, in: folder, ["--max-steps", "4", "--learning-rate", "1e-3"])
            let resumed = try train(
                model,
                in: folder,
                ["--max-steps", "6", "--learning-rate", "0.01", "--resume-from-checkpoint", "latest"]
            )
            #expect(resumed.code == 0, "\(resumed.errors)")
            #expect(
                resumed.errors.contains("resuming with --learning-rate 0.01; it was 0.001 until step 4\n"),
                "\(resumed.errors)"
            )
            let recipe = try text("recipe.yaml", in: folder)
            #expect(recipe.hasPrefix("# Until step 4: learning_rate: 0.001\n"), "\(recipe)")
            #expect(
                try text("README.md", in: folder)
                    .contains("Resumed with other settings: until step 4, `learning_rate` was `0.001`.")
            )
            let smoothed = try train(
                model,
                in: folder,
                [
                    "--max-steps", "8", "--learning-rate", "0.01", "--label-smoothing-factor", "0.2",
                    "--resume-from-checkpoint", "latest",
                ]
            )
            #expect(smoothed.code == 65)
            #expect(
                smoothed.errors.contains("--label-smoothing-factor 0.0, but this one has 0.2"),
                "\(smoothed.errors)"
            )
        }
    }

    @Test func `an evaluation describes its loss, and shows the metric that selects the best model`()
        throws
    {
        try withTemporaryFolder { folder in
            let trained = try train(
                model,
                in: folder,
                [
                    "--max-steps", "4", "--class-weights", "sun=1,rain=3", "--label-smoothing-factor", "0.1",
                    "--eval-strategy", "steps", "--eval-steps", "2", "--metric-for-best-model", "f1_macro",
                ]
            )
            #expect(trained.code == 0, "\(trained.errors)")
            let line = try #require(
                trained.errors.split(separator: "\n").last {
                    $0.hasPrefix("eval  step 4/4")
                }
            )
            #expect(line.contains(" (weighted, smoothing 0.1)  f1_macro 0.") && line.contains("  accuracy "))
            #expect(trained.output.contains("(weighted, smoothing 0.1)\n"))
            #expect(trained.output.contains("the plain loss, without weights or smoothing)"))
            let results = try JSONValue.parse(try text("eval_results.json", in: folder).utf8)
            let (own, plain) = (
                try #require(results["eval_loss"].double), try #require(results["eval_log_loss"].double)
            )
            #expect(abs(own - plain) > 1e-4)
        }
    }
}
