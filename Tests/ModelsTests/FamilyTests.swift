import Checkpoints
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

/// Compares every family with transformers on tiny random classifiers
/// (Scripts/fixtures/make_model_fixtures.py).
struct FamilyTests {
    /// Folders of `Tests/Fixtures/models` with results of transformers.
    static let variants: [String] = {
        let models = Fixture.folder.appending(path: "models").path(percentEncoded: false)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: models)) ?? []
        return names.filter {
            FileManager.default.fileExists(atPath: models + "/" + $0 + "/expected.safetensors")
                && SequenceClassifier.knownModelTypes.contains(
                    (try? ReferenceModel.configuration($0).modelType) ?? ""
                )
        }.sorted()
    }()

    @Test func `every family has at least two variants`() throws {
        let types = try Self.variants.map { try ReferenceModel.configuration($0).modelType }
        let counts = Dictionary(grouping: types, by: { $0 }).mapValues(\.count)
        for type in SequenceClassifier.knownModelTypes {
            #expect(counts[type, default: 0] >= 2, "\(type)")
        }
    }

    // 1e-4 relative: float32 sums in another order, forward and backward through a few layers.
    @Test(arguments: variants)
    func `logits, loss and every gradient equal those of transformers`(name: String) throws {
        let reference = try ReferenceModel(name)
        let (model, expected) = (reference.model, reference.expected)
        #expect(
            reference.report.fresh.isEmpty && reference.report.unexpected.isEmpty
                && reference.report.unreadFields.isEmpty
        )
        try model.parameters.setRequiresGradient(true)
        let logits = try model.logits(reference.batch(reference.texts()))
        #expect(try difference(logits, expected.tensor("logits")) < 1e-4)
        let loss = try ReferenceModel.meanLoss(logits, expected.tensor("labels"), model.problemType)
        #expect(try abs(loss.item() - expected.tensor("loss").item()) < 1e-4)
        try loss.backward()
        for parameter in model.parameters.parameters {
            let gradient = try #require(try parameter.value.gradient(), "\(parameter.name)")
            let error = try difference(gradient, expected.tensor("gradient." + parameter.name))
            #expect(error < 1e-4, "\(parameter.name)")
        }
    }

    @Test(arguments: variants)
    func `parameters are in PyTorch's order`(name: String) throws {
        let names = try Fixture.json("models/\(name)/parameters.json").strings()
        #expect(try ReferenceModel(name).model.parameters.parameters.map(\.name) == names)
    }

    // 1e-5: the same sums in other tiles.
    @Test(arguments: variants)
    func `logits are the same in a packed batch, alone and in any order`(name: String) throws {
        let reference = try ReferenceModel(name)
        let texts = try reference.texts()
        let labels = reference.model.labels.count
        func rows(_ values: [Double]) -> [[Double]] {
            stride(from: 0, to: values.count, by: labels).map { Array(values[$0..<$0 + labels]) }
        }
        let packed = rows(try reference.logits(texts))
        let alone = try texts.map { try reference.logits([$0]) }
        let reversed = Array(rows(try reference.logits(texts.reversed())).reversed())
        let scale = max(packed.joined().map(abs).max() ?? 0, 1)
        for (row, others) in try paired(packed, paired(alone, reversed)) {
            for (value, other) in try paired(row + row, others.0 + others.1) {
                #expect(abs(value - other) < 1e-5 * scale)
            }
        }
    }

    // 1e-5: the last block is computed only for pooled rows in one case and for all rows in the other.
    @Test(arguments: variants)
    func `pooled rows equal the same rows of all states`(name: String) throws {
        let reference = try ReferenceModel(name)
        let texts = try reference.texts()
        let batch = try reference.batch(texts)
        let states = try reference.model.hiddenStates(batch)
        #expect(states.shape[0] == batch.ids.count)
        // Encoders' heads have several layers; their pooled rows are compared with transformers above.
        guard let score = reference.model.parameters["score.weight"]?.value else { return }
        let pad = reference.model.configuration.padTokenID
        let rows = zip(batch.cuSeqlens, texts).map { start, text in
            Int64(start) + Int64(text.ids.lastIndex { $0 != pad } ?? 0)
        }
        let logits = try states.gatheringRows(Tensor(rows)).linear(score)
        #expect(try difference(reference.model.logits(batch), logits) < 1e-5)
    }

    @Test(arguments: variants)
    func `saving a loaded model keeps its weights and its unread fields`(
        name: String
    ) throws {
        let reference = try ReferenceModel(name)
        try withTemporaryFolder { folder in
            try reference.model.save(to: folder)
            #expect(
                try Data(contentsOf: folder.appending(path: "model.safetensors"))
                    == Data(contentsOf: reference.folder.appending(path: "model.safetensors"))
            )
            let saved = try ModelConfiguration(
                parsing: Data(contentsOf: folder.appending(path: "config.json")),
                source: "config.json"
            )
            for member in try ReferenceModel.configuration(name).fields.members
            where member.name != "problem_type" {
                #expect(saved[member.name] == member.value, "\(member.name)")
            }
        }
    }
}

/// Gradient checkpointing: blocks are recomputed in the backward pass.
struct CheckpointingTests {
    /// Loss and gradients in training, with dropout.
    private func gradients(
        _ name: String,
        checkpoints: Bool,
        freezing isFrozen: (String) -> Bool = { _ in false }
    ) throws -> [[Float]] {
        let reference = try ReferenceModel(name)
        let parameters = reference.model.parameters
        try parameters.setRequiresGradient(true)
        // Embeddings are often frozen; the blocks after them must still get gradients.
        for (index, parameter) in parameters.parameters.enumerated()
        where index == 0 || isFrozen(parameter.name) {
            try parameter.value.setRequiresGradient(false)
        }
        var context = ForwardContext(dropout: try RandomSource(seed: 5))
        context.checkpointsBlocks = checkpoints
        let logits = try reference.model.logits(reference.batch(reference.texts()), context)
        try (logits * logits).sum().backward()
        return try parameters.parameters.dropFirst().map { try $0.value.gradient()?.array() ?? [] }
    }

    @Test(arguments: [
        "llama-gqa", "gpt2-plain", "gpt2-unscaled", "bert-gelu", "modernbert-mean", "phi3-longrope",
    ])
    func `gradients are bit-identical, with the same dropout`(name: String) throws {
        let kept = try gradients(name, checkpoints: false)
        #expect(try gradients(name, checkpoints: true) == kept)
        #expect(kept.contains { $0.contains { $0 != 0 } })
    }

    @Test func `frozen first blocks get no gradients, and later blocks get the same`()
        throws
    {
        let isFrozen = { (name: String) in name.hasPrefix("bert.embeddings.") || name.contains(".layer.0.") }
        let kept = try gradients("bert-gelu", checkpoints: false, freezing: isFrozen)
        #expect(try gradients("bert-gelu", checkpoints: true, freezing: isFrozen) == kept)
        #expect(kept[5].isEmpty && kept.contains { $0.contains { $0 != 0 } })
    }

    // 1e-5 relative: every block recomputes the distance embeddings, so their gradients are summed in another order.
    @Test func `gradients are the same if blocks share parameters`() throws {
        let kept = try gradients("deberta-v3", checkpoints: false)
        for (a, b) in try paired(gradients("deberta-v3", checkpoints: true), kept) {
            #expect(try difference(Tensor(a), Tensor(b)) < 1e-5)
        }
    }

    // DeBERTa's blocks share the distance embeddings: every checkpointed block adds to their gradient.
    @Test(arguments: ["deberta-v3", "bert-gelu", "phi3-longrope"], [false, true])
    func `updates within the backward pass equal updates after it`(
        name: String,
        checkpoints: Bool
    ) throws {
        func weights(within: Bool) throws -> [[Float]] {
            let reference = try ReferenceModel(name)
            let store = reference.model.parameters
            try store.setRequiresGradient(true)
            var context = ForwardContext(dropout: try RandomSource(seed: 5))
            context.checkpointsBlocks = checkpoints
            let logits = try reference.model.logits(reference.batch(reference.texts()), context)
            let loss = try (logits * logits).sum()
            let optimizer = try Optimizer(SGD(), parameterGroups(store.parameters, weightDecay: 0.1))
            if within {
                _ = try optimizer.stepInBackward(
                    of: loss,
                    parameters: store.parameters,
                    maxNorm: 0,
                    learningRate: 1e-3,
                    isInBlock: { $0.name.contains(".layer.") || $0.name.contains(".layers.") }
                )
            } else {
                try loss.backward()
                try optimizer.step(learningRate: 1e-3)
            }
            return try store.parameters.map { try $0.value.array() }
        }
        #expect(try weights(within: true) == weights(within: false))
    }

    @Test func `an error in a block reaches the caller with its message`() throws {
        let x = try Tensor.full(1, [2, 3])
        #expect {
            try x.checkpointed(random: nil) { x throws(TorchError) in try x.matmul(x) }
        } throws: { "\($0)".contains("matmul") }
    }
}
