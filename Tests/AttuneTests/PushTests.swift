import Foundation
import HubTestSupport
import TestSupport
import Testing

@testable import Attune

/// The push of a recipe, with a local Hub.
@Suite(.hangGuard) struct PushTests {
    private func recipe(in folder: URL) throws -> Recipe {
        let file = folder.appending(path: "data.csv")
        let rows = (0..<20).map { $0.isMultiple(of: 2) ? "sunny \($0),sun" : "rainy \($0),rain" }
        try Data((["text,label"] + rows).joined(separator: "\n").utf8).write(to: file)
        let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        var recipe = Recipe(
            model: .folder(model),
            data: .file(file.path(percentEncoded: false)),
            text: "text",
            label: "label"
        )
        recipe.length = .steps(2)
        return recipe
    }

    /// A Hub, and the options of a run that uses it.
    private func withHub(
        _ token: String = FakeHub.token,
        _ body: (FakeHub, RunOptions, URL) async throws -> Void
    ) async throws {
        let hub = FakeHub([:])
        let endpoint = try await hub.start()
        try await withTemporaryFolder { folder in
            var options = RunOptions()
            (options.device, options.measurements) = (.cpu, nil)
            let home = folder.appending(path: "home").path(percentEncoded: false)
            options.hub = HubEnvironment(
                variables: ["HF_ENDPOINT": endpoint, "HF_HOME": home, "HF_TOKEN": token],
                home: folder,
                workingFolder: folder
            )
            try await body(hub, options, folder)
        }
        await hub.stop()
    }

    @Test func `a run pushes its model to the recipe's repository`() async throws {
        try await withHub { hub, options, folder in
            var recipe = try recipe(in: folder)
            recipe.push = .init(isPrivate: true, strategy: .end)
            let output = folder.appending(path: "weather")
            let result = try await recipe.start(in: output, options: options).result
            let commit = try #require(result.push).get()
            let repository = try #require(hub["ada/weather"])
            #expect(commit.address.contains("ada/weather") && repository.isPrivate)
            #expect(repository.files["model.safetensors"] != nil && repository.files["recipe.yaml"] != nil)
            let page = String(decoding: repository.files["README.md"] ?? Data(), as: UTF8.self)
            #expect(page.contains("ada/weather"))
        }
    }

    @Test func `a token that may not write is refused before the run`() async throws {
        try await withHub(FakeHub.readingToken) { _, options, folder in
            var recipe = try recipe(in: folder)
            recipe.push = .init(to: "org/weather")
            let output = folder.appending(path: "weather")
            let error = await #expect(throws: HubError.self) {
                _ = try await recipe.start(in: output, options: options)
            }
            #expect(error?.code == .notAllowed)
            #expect(!FileManager.default.fileExists(atPath: output.path(percentEncoded: false)))
        }
    }

    @Test func `an invalid repository name names the setting`() async throws {
        try await withHub { hub, options, folder in
            var recipe = try recipe(in: folder)
            recipe.push = .init(to: "a/b/c")
            let error = await #expect(throws: SettingError.self) {
                _ = try await recipe.start(in: folder.appending(path: "weather"), options: options)
            }
            #expect(error?.setting == "hub_model_id")
            #expect(hub.requests.isEmpty)
        }
    }

    @Test func `settings without push_to_hub have no effect, and are refused`() {
        let values: [String: SettingValue] = [
            "model": .text("m"), "dataset": .text("d"), "text_column": .text("t"),
            "label_column": .text("l"), "hub_model_id": .text("org/name"),
        ]
        let error = #expect(throws: SettingError.self) { try Recipe(values) }
        #expect(error?.fault == .withoutEffect(Setting.Need("push_to_hub")))
    }
}
