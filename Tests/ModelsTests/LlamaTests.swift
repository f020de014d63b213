import Checkpoints
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

/// Tiny random models that the reference wrote, with what it computed.
struct LlamaTests {
    private func load(_ name: String) throws -> (model: SequenceClassifier, expected: SafetensorsFile) {
        let folder = Fixture.folder.appending(path: "models/\(name)")
        let configuration = try ModelConfiguration(
            parsing: Data(contentsOf: folder.appending(path: "config.json")),
            source: name
        )
        let (model, report) = try SequenceClassifier.load(
            openCheckpoint(folder: folder),
            configuration: configuration,
            random: RandomSource(seed: 0)
        )
        #expect(report.fresh.isEmpty && report.missing.isEmpty && report.unexpected.isEmpty)
        return (model, try SafetensorsFile(contentsOf: folder.appending(path: "expected.safetensors")))
    }

    private func batch(_ expected: SafetensorsFile) throws -> PackedBatch {
        try PackedBatch(
            ids: expected.tensor("ids").array(),
            cuSeqlens: expected.tensor("cu_seqlens").array(),
            padTokenID: 0
        )
    }

    /// The largest difference, as a share of the largest value.
    private func difference(_ a: Tensor, _ b: Tensor) throws -> Double {
        let (x, y) = (try a.array(of: Double.self), try b.array(of: Double.self))
        #expect(x.count == y.count)
        let scale = max(y.map(abs).max() ?? 0, 1e-6)
        return (zip(x, y).map { abs($0 - $1) }.max() ?? 0) / scale
    }

    // 1e-4 relative: float32 sums in another order, through two layers and back.
    @Test(arguments: ["llama-gqa", "llama-mha", "llama-linear"])
    func `logits, loss and every gradient are the reference's`(name: String) throws {
        let (model, expected) = try load(name)
        try model.parameters.setRequiresGradient(true)
        let logits = try model.logits(batch(expected))
        #expect(try difference(logits, expected.tensor("logits")) < 1e-4)
        let labels = try expected.tensor("labels").array(of: Int64.self).map(Int.init)
        let loss = try CrossEntropy()(logits, labels: labels) * (1 / Double(labels.count))
        #expect(try abs(loss.item() - expected.tensor("loss").item()) < 1e-4)
        try loss.backward()
        for parameter in model.parameters.parameters {
            let gradient = try #require(try parameter.value.gradient(), "\(parameter.name)")
            #expect(
                try difference(gradient, expected.tensor("gradient." + parameter.name)) < 1e-4,
                "\(parameter.name)"
            )
        }
    }

    @Test(arguments: ["llama-gqa", "llama-mha"])
    func `parameters come in PyTorch's order`(name: String) throws {
        let names = try Fixture.json("models/\(name)/parameters.json").array?.compactMap(\.string)
        #expect(try load(name).model.parameters.parameters.map(\.name) == names)
    }

    // 1e-5: the same sums, cut into other tiles.
    @Test func `packed, alone and in any order the logits are the same`() throws {
        let (model, expected) = try load("llama-gqa")
        let ids = try expected.tensor("ids").array(of: Int32.self)
        let bounds = try expected.tensor("cu_seqlens").array(of: Int32.self)
        let texts = zip(bounds, bounds.dropFirst()).map { Array(ids[Int($0)..<Int($1)]) }
        func logits(_ texts: [[Int32]]) throws -> [[Float]] {
            let cuSeqlens = texts.reduce(into: [Int32(0)]) { $0.append($0[$0.count - 1] + Int32($1.count)) }
            let values = try model.logits(
                PackedBatch(ids: texts.flatMap { $0 }, cuSeqlens: cuSeqlens, padTokenID: 0)
            )
            .array(of: Float.self)
            return stride(from: 0, to: values.count, by: 3).map { Array(values[$0..<$0 + 3]) }
        }
        let packed = try logits(texts)
        let alone = try texts.flatMap { try logits([$0]) }
        let reversed = try logits(texts.reversed()).reversed()
        for (row, others) in zip(packed, zip(alone, reversed)) {
            for column in 0..<3 {
                #expect(abs(row[column] - others.0[column]) < 1e-5)
                #expect(abs(row[column] - others.1[column]) < 1e-5)
            }
        }
    }

    @Test func `saving what was loaded gives the same weights, and the fields nobody reads stay`() throws {
        let (model, _) = try load("llama-gqa")
        try withTemporaryFolder { folder in
            try model.save(to: folder)
            let original = Fixture.folder.appending(path: "models/llama-gqa")
            for name in ["model.safetensors", "config.json"] {
                #expect(
                    try Data(contentsOf: folder.appending(path: name))
                        == Data(contentsOf: original.appending(path: name)),
                    "\(name)"
                )
            }
        }
    }

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
