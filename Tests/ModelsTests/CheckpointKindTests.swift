import Checkpoints
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

/// How checkpoints of other kinds become classifiers.
struct CheckpointKindTests {
    @Test func `a base model gets a head, and its language-model head is left`() throws {
        let folder = Fixture.folder.appending(path: "models/tiny-base")
        let configuration = try ModelConfiguration(
            parsing: Data(contentsOf: folder.appending(path: "config.json")),
            source: "config.json"
        )
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["x", "y", "z"]
        let (model, report) = try SequenceClassifier.load(
            openCheckpoint(folder: folder),
            configuration: configuration,
            options: options,
            random: RandomSource(seed: 3)
        )
        #expect(report.fresh == ["score.weight"] && report.unexpected.isEmpty)
        #expect(model.labels == ["x", "y", "z"])
        #expect(model.parameters["score.weight"]?.shape == [3, 16])
    }

    @Test func `a head of other labels is refused, unless it may go`() throws {
        let folder = Fixture.folder.appending(path: "models/llama-gqa")
        let configuration = try ModelConfiguration(
            parsing: Data(contentsOf: folder.appending(path: "config.json")),
            source: "config.json"
        )
        var options = SequenceClassifier.LoadOptions()
        options.labels = ["b", "a"]
        func load() throws -> LoadReport {
            try SequenceClassifier.load(
                openCheckpoint(folder: folder),
                configuration: configuration,
                options: options,
                random: RandomSource(seed: 0)
            ).report
        }
        #expect { try load() } throws: { error in
            "\(error)".contains("\"a\", \"b\", \"c\"") && "\(error)".contains("--reinit-head")
        }
        options.reinitializesHead = true
        #expect(try load().fresh == ["score.weight"])
    }
}
