import Foundation
import HubTestSupport
import JSON
import TestSupport
import Testing

/// `--push-to-hub` and `attune hub upload` with a local Hub.
@Suite(.hangGuard)
struct PushTests {
    private let texts = (0..<40).map { $0 % 2 == 0 ? "sunny day \($0),sun" : "rainy day \($0),rain" }

    private func model() throws -> FakeRepository {
        let folder = Fixture.folder.appending(path: "models/tiny-base")
        var files: [String: Data] = [:]
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
            files[file.lastPathComponent] = try Data(contentsOf: file)
        }
        return FakeRepository(files: files, large: ["model.safetensors"])
    }

    private func data() -> FakeRepository {
        FakeRepository(files: [
            "train.csv": Data((["text,label"] + texts).joined(separator: "\n").utf8),
            "README.md": Data("---\nlanguage: en\n---\n".utf8),
        ])
    }

    /// A Hub with a model and texts, and a function that runs the command with it.
    private func withHub(
        doorman: FakeHub.Doorman? = nil,
        _ body: (FakeHub, URL, (_ words: [String], _ token: String) throws -> CommandOutcome) async throws ->
            Void
    ) async throws {
        let hub = FakeHub(["org/tiny": try model(), "datasets/org/texts": data()], doorman: doorman)
        let endpoint = try await hub.start()
        try await withTemporaryFolder { folder in
            try await body(hub, folder) { words, token in
                let outcome = try attune(
                    words,
                    variables: [
                        "HF_ENDPOINT": endpoint,
                        "HF_HOME": folder.appending(path: "home").path(percentEncoded: false),
                        "HF_TOKEN": token,
                    ]
                )
                #expect(!(outcome.errors + outcome.output).contains(token))
                return outcome
            }
        }
        await hub.stop()
    }

    private func train(_ folder: URL, _ more: [String] = []) -> [String] {
        [
            "train", "--model", "org/tiny", "--dataset", "org/texts", "--text-column", "text",
            "--label-column", "label",
            "--test-size", "0.25", "--max-steps", "8", "--save-steps", "4", "--output-dir",
            folder.appending(path: "weather").path(percentEncoded: false), "--push-to-hub",
        ] + more
    }

    @Test func `a trained model is on the Hub, with a model card, and can be loaded from there`() async throws
    {
        try await withHub { hub, folder, attune in
            let trained = try attune(
                train(folder, ["--hub-private-repo", "--hub-strategy", "checkpoint"]),
                FakeHub.token
            )
            #expect(trained.code == 0, "\(trained.errors)")
            #expect(trained.output.contains("pushed to ada/weather: http"))
            let repository = try #require(hub["ada/weather"])
            #expect(repository.isPrivate)
            let expected = [
                "config.json", "model.safetensors", "recipe.yaml", "last-checkpoint/optimizer.safetensors",
            ]
            #expect(Set(repository.files.keys).isSuperset(of: expected))
            #expect(
                !repository.files.keys.contains { $0.hasPrefix("checkpoint-") || $0.hasPrefix(".pushing") }
            )
            let page = String(decoding: repository.files["README.md"] ?? Data(), as: UTF8.self)
            for line in [
                "base_model: \"org/tiny\"", "datasets:\n- \"org/texts\"", "language:\n- \"en\"",
                "model-index:\n- name: \"weather\"",
                "| 1 | sun | 15 |", "true \\ predicted", "attune predict --model ada/weather",
            ] { #expect(page.contains(line), "\(line)") }
            let said = try attune(
                ["predict", "--model", "ada/weather", "--text", "rainy day 7"],
                FakeHub.token
            )
            #expect(said.output.hasPrefix("{\"label\": \""), "\(said.errors)")
        }
    }

    @Test func `a trained adapter is on the Hub without its base, and is used by its id alone`() async throws
    {
        try await withHub { hub, folder, attune in
            let flags = ["--adapter", "lora", "--lora-r", "2", "--quantize", "nf4"]
            let trained = try attune(train(folder, flags), FakeHub.token)
            #expect(trained.code == 0, "\(trained.errors)")
            let files = try #require(hub["ada/weather"]).files
            let expected = [
                "adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "README.md",
            ]
            #expect(Set(files.keys).isSuperset(of: expected))
            #expect(Set(files.keys).isDisjoint(with: ["config.json", "model.safetensors"]))
            let settings = try JSONValue.parse(files["adapter_config.json"] ?? Data())
            #expect(settings["base_model_name_or_path"] == .string("org/tiny"))
            let page = String(decoding: files["README.md"] ?? Data(), as: UTF8.self)
            for line in ["library_name: peft", "base_model: \"org/tiny\"", "PeftModel.from_pretrained"] {
                #expect(page.contains(line), "\(line)")
            }
            func predict(_ model: String) throws -> String {
                let words = ["predict", "--model", model, "--text", "rainy day 7", "--logits", "--quiet"]
                let outcome = try attune(words, FakeHub.token)
                #expect(outcome.code == 0, "\(outcome.errors)")
                return outcome.output
            }
            let local = folder.appending(path: "weather").path(percentEncoded: false)
            #expect(try predict("ada/weather") == predict(local))
            let sent = try attune(["hub", "upload", local, "ada/again"], FakeHub.token)
            #expect(sent.code == 0, "\(sent.errors)")
            #expect(try predict("ada/again") == predict(local))
            let shown = try attune(["adapter", "show", "ada/weather"], FakeHub.token)
            #expect(shown.output.contains("org/tiny"), "\(shown.errors)")
        }
    }

    @Test func `a read-only token ends the run before its first step`() async throws {
        try await withHub { hub, folder, attune in
            let refused = try attune(train(folder), FakeHub.readingToken)
            #expect(refused.code == 77)
            #expect(refused.errors.contains("may only read"))
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "weather").path))
            #expect(hub["ada/weather"] == nil)
        }
    }

    @Test func `a failed final push keeps the model and prints the command that repeats the push`()
        async throws
    {
        let doorman = FakeHub.Doorman { _, request in
            guard request.path.hasSuffix("/weather/commit/main") else { return nil }
            return String(decoding: request.body, as: UTF8.self).contains("End of training")
                ? FakeAnswer(400) : nil
        }
        try await withHub(doorman: doorman) { hub, folder, attune in
            let trained = try attune(train(folder), FakeHub.token)
            #expect(trained.code == 65, "\(trained.errors)")
            #expect(trained.output.contains("saved to"))
            #expect(trained.errors.contains("the model is saved, but pushing it failed"))
            let line = try #require(
                trained.errors.split(separator: "\n").last { $0.contains(" hub upload ") }
            )
            let words = line.split(separator: " ").dropFirst().map { String($0.filter { $0 != "'" }) }
            let sent = try attune(words, FakeHub.token)
            #expect(sent.code == 0, "\(sent.errors)")
            #expect(hub["ada/weather"]?.files["README.md"] != nil)
            let again = try attune(words, FakeHub.token)
            #expect(again.errors.contains("nothing was sent"))
        }
    }

    @Test func `a missing folder does not create a repository`() async throws {
        try await withHub { hub, folder, attune in
            let missing = folder.appending(path: "missing").path(percentEncoded: false)
            let refused = try attune(["hub", "upload", missing, "org/new"], FakeHub.token)
            #expect(refused.code == 66)
            #expect(refused.errors.contains("there is no file or folder"))
            #expect(hub["org/new"] == nil && hub.requests.isEmpty)
        }
    }

    @Test(arguments: [
        (["--hub-model-id", "a/b/c"], "--hub-model-id"), (["--seeds", "2"], "--seeds"),
        (["--hub-token", "x"], "attune hub login"), (["--hub-strategy", "often"], "all_checkpoints"),
    ]) func `an invalid push is refused before anything is read`(
        _ words: [String],
        _ meant: String
    ) async throws {
        try await withHub { hub, folder, attune in
            let refused = try attune(train(folder, words), FakeHub.token)
            #expect(refused.code == 64)
            #expect(refused.errors.contains(meant), "\(refused.errors)")
        }
    }
}
