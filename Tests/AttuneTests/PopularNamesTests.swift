import Foundation
import HubTestSupport
import TestSupport
import Testing

@testable import Attune

@Suite(.hangGuard) struct PopularNamesTests {
    @Test func `a name without an owner can be an id, but a file's name cannot`() {
        for name in ["bert-base-uncased", "gpt2", "phi-1.5", "bert-base-uncased@main"] {
            #expect(ModelSource(name).hubID != nil, "\(name)")
        }
        for name in ["model.gguf", "tweets.csv", "./model", "two words", "data.jsonl.gz", "..", ""] {
            #expect(ModelSource(name).hubID == nil, "\(name)")
        }
    }

    @Test func `only an id with an owner is taken for a dataset where a recipe may be named, too`() {
        #expect(DataSource.canBeNamed("org/reviews") && DataSource.canBeNamed("tweets.csv"))
        #expect(DataSource.canBeNamed("data/*.parquet"))
        #expect(!DataSource.canBeNamed("recipes/tweets.yaml") && !DataSource.canBeNamed("tweets"))
    }

    @Test func `a similar popular model is suggested`() {
        #expect(PopularNames.nearest(to: "all-MiniLM-L6-v2") == "sentence-transformers/all-MiniLM-L6-v2")
        #expect(PopularNames.nearest(to: "bert-base-uncase") == "google-bert/bert-base-uncased")
        #expect(PopularNames.nearest(to: "org/roberta-base@v2") == "FacebookAI/roberta-base")
        #expect(PopularNames.nearest(to: "google-bert/bert-base-uncased") == nil)
        #expect(PopularNames.nearest(to: "x") == nil)
    }

    private func environment(_ endpoint: String, _ folder: URL) -> HubEnvironment {
        HubEnvironment(
            variables: ["HF_ENDPOINT": endpoint, "HF_HOME": folder.path(percentEncoded: false)],
            home: folder,
            workingFolder: folder
        )
    }

    @Test func `an old name is looked up on the Hub, which redirects it`() async throws {
        let file = Fixture.folder.appending(path: "models/tiny-base/config.json")
        let repository = FakeRepository(files: ["config.json": try Data(contentsOf: file)])
        let doorman = FakeHub.Doorman { _, request in
            guard request.path.contains("/tiny"), !request.path.contains("org/tiny") else { return nil }
            let target = request.path.replacing("/tiny", with: "/org/tiny")
            return FakeAnswer(307, [("Location", target)])
        }
        let hub = FakeHub(["org/tiny": repository], doorman: doorman)
        let endpoint = try await hub.start()
        try await withTemporaryFolder { folder in
            let path = try await ModelSource("tiny").path(in: environment(endpoint, folder), .tokenizer)
            #expect(FileManager.default.fileExists(atPath: path + "/config.json"))
        }
        await hub.stop()
    }

    @Test func `a name that the Hub does not know is an error with a suggestion`() async throws {
        let hub = FakeHub([:])
        let endpoint = try await hub.start()
        try await withTemporaryFolder { folder in
            let error = await #expect(throws: HubError.self) {
                _ = try await ModelSource("all-MiniLM-L6-v2").path(in: environment(endpoint, folder))
            }
            let text = error?.description ?? ""
            #expect(text.hasPrefix("no local file or folder all-MiniLM-L6-v2, and on the Hub: "))
            #expect(text.hasSuffix("; did you mean sentence-transformers/all-MiniLM-L6-v2?"), "\(text)")
        }
        await hub.stop()
    }
}
