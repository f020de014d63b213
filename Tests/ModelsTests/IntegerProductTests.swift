import Checkpoints
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch

/// Models whose linear layers multiply in 8-bit integers.
struct IntegerProductTests {
    private func load(
        _ name: String,
        _ quantization: ProductQuantization? = .int8,
        _ change: (inout SequenceClassifier.LoadOptions) -> Void = { _ in }
    ) throws -> SequenceClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.productQuantization = quantization
        change(&options)
        return try ReferenceModel.load(name, options: options).0
    }

    private func batch() throws -> PackedBatch {
        try PackedBatch(ids: [3, 4, 5, 6, 7, 8, 9], cuSeqlens: [0, 2, 7], padTokenID: 1)
    }

    private func logits(_ model: SequenceClassifier) throws -> [Float] {
        try withNoGradient { try model.logits(batch()).array(of: Float.self) }
    }

    /// Whether logits differ by at most a tenth of the largest.
    ///
    /// Each product of these narrow layers has a relative error of one percent, and there are about ten of them one after
    /// another.
    private func areClose(_ found: [Float], _ exact: [Float]) -> Bool {
        let size = exact.map(abs).max() ?? 0
        return found.count == exact.count && zip(found, exact).allSatisfy { abs($0 - $1) <= 0.1 * size }
    }

    @Test(arguments: [
        "llama-gqa", "gpt2-plain", "bert-gelu", "deberta-v3", "phi3-partial", "modernbert-mean", "llama-fp16",
    ])
    func `logits are about those in float32, and only layers before the head are quantized`(
        name: String
    ) throws {
        let (model, plain) = (try load(name), try load(name, nil))
        let (found, exact) = (try logits(model), try logits(plain))
        #expect(areClose(found, exact), "\(found) \(exact)")
        let packed = model.parameters.parameters.filter { $0.quantized != nil }
        #expect(!packed.isEmpty && packed.allSatisfy { $0.quantized?.isPacked == true })
        #expect(packed.allSatisfy { $0.value.count == 0 && $0.shape.count == 2 })
        #expect(model.tokenTable.quantized == nil)
        let heads = model.parameters.parameters.filter {
            $0.name.hasPrefix("score.") || $0.name.hasPrefix("classifier.")
        }
        #expect(heads.allSatisfy { $0.quantized == nil })
        #expect(model.productQuantizationNote?.contains("\(packed.count) layers in 8-bit integers") == true)
        #expect(plain.productQuantizationNote == nil)
    }

    // 1e-5: attention sums in another order.
    @Test func `a text has the same logits in every batch`() throws {
        let model = try load("llama-gqa")
        let alone = try withNoGradient {
            try model.logits(PackedBatch(ids: [5, 6, 7, 8, 9], cuSeqlens: [0, 5], padTokenID: 1))
                .array(of: Float.self)
        }
        let together = try logits(model)
        for (one, other) in zip(alone, together.suffix(alone.count)) { #expect(abs(one - other) < 1e-5) }
    }

    @Test func `bfloat16 weights and products, and quantized checkpoints, work too`() throws {
        let plain = try logits(load("llama-gqa", nil))
        let narrow = try load("llama-gqa") { $0.weightsDType = .bfloat16 }
        let found = try withNoGradient {
            try narrow.logits(batch(), ForwardContext(matmulDType: .bfloat16)).array(of: Float.self)
        }
        #expect(areClose(found, plain))
        let exact = try logits(
            load("llama-gqa", nil) { $0.frozenStorage = .quantized(.int8, isDouble: false) }
        )
        let stored = try logits(load("llama-gqa") { $0.frozenStorage = .quantized(.int8, isDouble: false) })
        #expect(areClose(stored, exact))
    }

    @Test func `layers can be kept in floating point`() throws {
        let model = try load("llama-gqa") { $0.integerProducts.floatLayers = ["down_proj", "up_proj"] }
        for matrix in model.parameters.adaptedWeights where matrix.kind == .linear {
            let isKept = ["down_proj", "up_proj", "score"].contains { matrix.path.hasSuffix($0) }
            #expect((matrix.weight.quantized == nil) == isKept, "\(matrix.path)")
        }
    }

    @Test func `such a model is neither saved nor merged`() throws {
        try withTemporaryFolder { folder in
            let model = try load("bert-gelu")
            #expect(throws: ModelError.self) { try model.save(to: folder.appending(path: "saved")) }
            #expect(throws: ModelError.self) { try model.requireFloatProducts(toBe: "exported") }
            try load("bert-gelu", nil).requireFloatProducts(toBe: "exported")
        }
    }

    @Test(arguments: ["llama-gqa", "gpt2-plain", "bert-gelu"], [false, true])
    func `an adapter's change is added in floating point, and its base is recognized`(
        name: String,
        usesMagnitudes: Bool
    ) throws {
        var settings = AdapterConfiguration(rank: 3, alpha: 6, targets: .allLinear)
        settings.usesMagnitudes = usesMagnitudes
        let models = [try load(name), try load(name, nil)]
        for model in models {
            try model.attach(
                AdapterAttachment(settings, compile: ReferenceAdapter.compile),
                random: RandomSource(seed: 1)
            )
            let random = try RandomSource(seed: 2)
            for parameter in model.adapter?.parameters ?? [] where parameter.name.contains("lora_") {
                let noise = try Tensor.normal(parameter.shape, std: 0.1, random: random)
                try parameter.set(parameter.value + noise)
            }
        }
        #expect(models[0].adapter?.baseFingerprint == models[1].adapter?.baseFingerprint)
        #expect(try areClose(logits(models[0]), logits(models[1])))
        #expect(throws: ModelError.self) { try models[0].mergeAdapter() }
    }

    @Test func `gradients of the inputs are about those in float32`() throws {
        var results: [[Float]] = []
        for model in [try load("llama-gqa"), try load("llama-gqa", nil)] {
            var inputs: Tensor?
            var context = ForwardContext()
            context.replaceEmbeddings = { embeddings throws(TorchError) in
                let leaf = try embeddings.detached()
                try leaf.setRequiresGradient(true)
                inputs = leaf
                return leaf
            }
            try model.logits(batch(), context).sum().backward()
            results.append(try #require(try inputs?.gradient()).array(of: Float.self))
        }
        #expect(areClose(results[0], results[1]))
    }
}
