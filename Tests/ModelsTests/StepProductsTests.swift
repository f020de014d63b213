import Foundation
import JSON
import Models
import TestSupport
import Testing
import Torch

/// The matrix products of a step, from a model's configuration.
@Suite(.hangGuard)
struct StepProductsTests {
    private func products(
        _ configuration: ModelConfiguration,
        blocks: Int,
        texts: Int,
        tokens: Int
    ) throws -> StepProducts {
        let model = try SequenceClassifier.fresh(
            configuration: configuration,
            options: SequenceClassifier.LoadOptions(),
            random: RandomSource(seed: 0)
        )
        let uses = try model.layerUses(texts: texts, tokens: tokens)
        return StepProducts(uses, blocks: blocks, texts: texts, tokens: tokens)
    }

    @Test func `the operations of a decoder's step are those of its weights and rows`() throws {
        // Width 16, two heads of 16 with one key head, 24 in the feed-forward layer, two blocks, two labels.
        let found = try products(
            ReferenceModel.configuration("tiny-base"),
            blocks: 2,
            texts: 3,
            tokens: 5
        )
        let (query, key, value, output) = (16 * 32, 16 * 16, 16 * 16, 32 * 16)
        let feedForward = 3 * 16 * 24
        // The last block computes keys and values for all 15 tokens, and everything else for the last token of each text.
        let whole = 15 * (query + key + value + output + feedForward)
        let last = 15 * (key + value) + 3 * (query + output + feedForward)
        let head = 3 * 16 * 2
        #expect(found.flop(of: .prediction) == 2 * Double(whole + last + head))
        #expect(found.flop(of: .training) == 6 * Double(whole + last + head))
        #expect(found.products(of: .prediction).allSatisfy { $0.shape.kind == .forward })
        let gate = try #require(
            found.products.first { $0.shape == ProductShape(.forward, rows: 15, inputs: 16, outputs: 24) }
        )
        #expect(gate.layers == ["mlp.gate_proj", "mlp.up_proj"] && gate.count == 2)
        // Keys and values of both blocks.
        let keys = try #require(
            found.products.first {
                $0.shape == ProductShape(.inputGradient, rows: 15, inputs: 16, outputs: 16)
            }
        )
        #expect(keys.layers == ["self_attn.k_proj", "self_attn.v_proj"] && keys.count == 4)
    }

    @Test func `the operations of an encoder's step are those of its weights and rows`() throws {
        let configuration = try ReferenceModel.configuration("bert-base-model")
        let width = try #require(configuration["hidden_size"].int)
        let inner = try #require(configuration["intermediate_size"].int)
        let blocks = try configuration.blockCount()
        let found = try products(configuration, blocks: blocks, texts: 4, tokens: 6)
        let (square, feedForward) = (width * width, 2 * width * inner)
        let whole = (blocks - 1) * 24 * (4 * square + feedForward)
        let last = 24 * 2 * square + 4 * (2 * square + feedForward)
        let head = 4 * (square + width * configuration.labels.count)
        #expect(found.flop(of: .prediction) == 2 * Double(whole + last + head))
    }

    /// Families that differ in attention, in fused projections or in the layout of weights.
    @Test(arguments: [
        "tiny-base", "bert-base-model", "distilbert-plain", "electra-projected", "gpt2-base",
        "gpt-neox-parallel",
        "phi3-partial", "roberta-plain",
    ])
    func `two blocks give the products of many`(name: String) throws {
        let configuration = try ReferenceModel.configuration(name)
        let many = try products(configuration.withBlocks(5), blocks: 5, texts: 2, tokens: 4)
        let few = try products(configuration.withBlocks(2), blocks: 5, texts: 2, tokens: 4)
        #expect(few == many)
        #expect(many.flop(of: .training) == 3 * many.flop(of: .prediction))
    }

    @Test func `one block is the last one`() throws {
        let configuration = try ReferenceModel.configuration("tiny-base").withBlocks(1)
        let found = try products(configuration, blocks: 1, texts: 2, tokens: 4)
        #expect(found.products.filter { $0.shape.kind == .forward }.map(\.shape.rows).max() == 8)
        let down = try #require(
            found.products.first { $0.layers == ["mlp.down_proj"] && $0.shape.kind == .forward }
        )
        #expect(down.shape.rows == 2 && down.count == 1)
    }

    @Test func `equal shapes are measured once`() throws {
        let use = LayerUse(weight: "a.layers.0.x.weight", block: 0, rows: 2, inputs: 3, outputs: 4)
        var other = use
        (other.weight, other.block) = ("a.layers.1.y.weight", 1)
        let head = LayerUse(weight: "score.weight", block: nil, rows: 2, inputs: 3, outputs: 1)
        let found = StepProducts([use, other, head], blocks: 12, texts: 2, tokens: 1)
        #expect(found.products.map(\.count) == [12, 12, 12, 1, 1, 1])
        #expect(found.products[0].layers == ["x", "y"] && found.products[3].layers == ["score"])
        #expect(found.flop(of: .prediction) == 2 * Double(12 * 2 * 3 * 4 + 2 * 3))
    }
}
