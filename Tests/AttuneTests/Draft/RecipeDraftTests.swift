import Foundation
import TestSupport
import Testing

@testable import Attune

struct RecipeDraftTests {
    /// Options with a Hub that cannot be reached, and a cache with one model.
    private func options(_ folder: URL, caching id: String?) throws -> RunOptions {
        var options = RunOptions()
        (options.device, options.measurements) = (.cpu, nil)
        options.hub = HubEnvironment(
            variables: ["HF_HUB_OFFLINE": "1", "HF_HOME": folder.path(percentEncoded: false)],
            home: folder,
            workingFolder: folder
        )
        guard let id else { return options }
        let commit = String(repeating: "a", count: 40)
        let place = folder.appending(path: "hub/models--\(id.replacing("/", with: "--"))")
        let (refs, snapshots) = (place.appending(path: "refs"), place.appending(path: "snapshots"))
        for new in [refs, snapshots] {
            try FileManager.default.createDirectory(at: new, withIntermediateDirectories: true)
        }
        try Data(commit.utf8).write(to: refs.appending(path: "main"))
        try FileManager.default.copyItem(
            at: Fixture.folder.appending(path: "models/tiny-base"),
            to: snapshots.appending(path: commit)
        )
        return options
    }

    private func data(_ lines: [String], in folder: URL) throws -> DataSource {
        let file = folder.appending(path: "my tweets.csv")
        try Data(lines.joined(separator: "\n").utf8).write(to: file)
        return .file(file.path(percentEncoded: false))
    }

    private let lines =
        ["id,said,who"]
        + (0..<60).map {
            $0.isMultiple(of: 2) ? "\($0),number \($0) is sunny,ann" : "\($0),number \($0) is rainy,bob"
        }

    @Test func `a file alone becomes a recipe that trains`() async throws {
        try await withTemporaryFolder { folder in
            let model = "sentence-transformers/all-MiniLM-L6-v2"
            let options = try options(folder, caching: model)
            let draft = try await RecipeDraft.make(for: data(lines, in: folder), options: options)
            #expect(draft.recipe.text == "said" && draft.recipe.labels == ["who"])
            #expect(draft.recipe.model.name == model)
            #expect(draft.recipe.evaluation == .holdOut(0.2))
            #expect(draft.recipe.selection.loadsBestModel && draft.recipe.length == .epochs(10))
            #expect(draft.recipe.maxLength == 16 && draft.recipe.batch.size == 8)
            // Every choice is a setting of the recipe, with a reason.
            for choice in draft.choices {
                let read = try draft.recipe.value(of: choice.setting)?.text ?? ""
                #expect(
                    Double(read) == Double(choice.value.text)
                        && (Double(read) != nil || read == choice.value.text)
                )
                #expect(!choice.reason.isEmpty)
            }
            let yaml = try draft.yaml(outputFolder: "runs/tweets", command: "attune train recipe.yaml")
            #expect(yaml.contains("text_column: said  # the only column of texts\n"))
            #expect(yaml.hasSuffix("output_dir: runs/tweets  # for the trained model\n"))
            let settings = yaml.split(separator: "\n").dropLast().joined(separator: "\n")
            #expect(try Recipe(yaml: settings) == draft.recipe)
            let output = folder.appending(path: "run")
            let result = try await draft.recipe.start(in: output, options: options).result
            #expect(result.evaluation?.metrics.count == 12)
            #expect(result.verdict?.quality == .tooFewExamples(12))
        }
    }

    @Test func `given settings are kept, and choices follow from them`() async throws {
        try await withTemporaryFolder { folder in
            let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
            let draft = try await RecipeDraft.make(
                for: data(lines, in: folder),
                given: ["model": .text(model), "max_steps": .int(5), "max_length": .int(7)],
                options: options(folder, caching: nil)
            )
            #expect(draft.recipe.model.name == model && draft.recipe.length == .steps(5))
            #expect(draft.recipe.maxLength == 7)
            let chosen = Set(draft.choices.map(\.setting))
            #expect(chosen.isDisjoint(with: ["model", "max_length", "num_train_epochs", "eval_strategy"]))
        }
    }

    @Test func `a folder with a test split is evaluated on it`() async throws {
        try await withTemporaryFolder { folder in
            let place = folder.appending(path: "data")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for name in ["train.csv", "test.csv"] {
                try Data(lines.joined(separator: "\n").utf8).write(to: place.appending(path: name))
            }
            let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
            let draft = try await RecipeDraft.make(
                for: .folder(place.path(percentEncoded: false)),
                given: ["model": .text(model)],
                options: options(folder, caching: nil)
            )
            #expect(draft.recipe.evaluation == .split("test"))
        }
    }

    @Test(arguments: [0, -1, Int.max]) func `a model's impossible width does not end the process`(
        width: Int
    ) async throws {
        try await withTemporaryFolder { folder in
            let model = folder.appending(path: "model")
            try FileManager.default.copyItem(
                at: Fixture.folder.appending(path: "models/tiny-base"),
                to: model
            )
            let file = model.appending(path: "config.json")
            let config = try String(contentsOf: file, encoding: .utf8)
            let changed = config.replacing(/"hidden_size": \d+/, with: "\"hidden_size\": \(width)")
            #expect(changed != config)
            try FileManager.default.removeItem(at: file)
            try Data(changed.utf8).write(to: file)
            // The draft may be refused, or the model when it is loaded.
            _ = try? await RecipeDraft.make(
                for: data(lines, in: folder),
                given: ["model": .text(model.path(percentEncoded: false))],
                options: options(folder, caching: nil)
            )
        }
    }

    @Test func `the given split is the one that is looked at`() async throws {
        try await withTemporaryFolder { folder in
            let place = folder.appending(path: "data")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data("id,other\n1,x\n".utf8).write(to: place.appending(path: "train.csv"))
            try Data(lines.joined(separator: "\n").utf8).write(to: place.appending(path: "validation.csv"))
            let model = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
            let draft = try await RecipeDraft.make(
                for: DataSource(place.path(percentEncoded: false)),
                given: ["model": .text(model), "split": .text("validation"), "max_steps": .int(1)],
                options: options(folder, caching: nil)
            )
            #expect(draft.recipe.text == "said" && draft.recipe.data.split == "validation")
        }
    }

    @Test func `the folder of a run is named after the dataset`() {
        #expect(RecipeDraft.outputFolder(for: .file("data/my tweets.2016.csv")) == "runs/my-tweets")
        #expect(RecipeDraft.outputFolder(for: .hub("org/reviews@v2")) == "runs/reviews")
        #expect(RecipeDraft.outputFolder(for: .folder("../..")) == "runs/first")
    }
}
