import NN
import Testing
import Torch

struct OptimizerTests {
    @Test(arguments: [
        ("model.layers.0.self_attn.q_proj.weight", true), ("model.embed_tokens.weight", true),
        ("score.weight", true),
        ("model.layers.0.self_attn.q_proj.bias", false), ("model.layers.0.input_layernorm.weight", false),
        ("model.norm.weight", false), ("model.layers.0.self_attn.q_norm.weight", false),
        ("encoder.LayerNorm.weight", false), ("model.normal.weight", true),
    ])
    func `norms and biases are not decayed`(name: String, isDecayed: Bool) {
        #expect(Parameter.isDecayed(name) == isDecayed)
    }

    /// A parameter `w` and a bias whose gradients equal their values.
    private func parameters() throws -> ParameterStore {
        let store = ParameterStore()
        let scope = ParameterScope(store)
        for (name, values) in [("w", [3, 4] as [Float]), ("bias", [0, 12])] {
            let parameter = try scope.parameter(name, [2], initialization: .zeros)
            try parameter.set(Tensor(values))
        }
        try store.setRequiresGradient(true)
        for parameter in store.parameters { try (parameter.value * parameter.value * 0.5).sum().backward() }
        return store
    }

    @Test func `gradients are clipped by their joint norm`() throws {
        let store = try parameters()
        let (norm, factor) = try gradientClipping(store.parameters, to: 1)
        // Norms 5 and 12 together, with torch's 1e-6 in the divisor; float32
        #expect(abs(norm - 13) < 1e-5 && abs(factor - 1 / 13.000001) < 1e-7)
        #expect(try gradientClipping(store.parameters, to: 0).factor == 1)
        #expect(try gradientClipping(store.parameters, to: 14).factor == 1)
    }

    @Test
    func
        `a step in the backward pass names a non-finite gradient, and reports whether weights changed before`()
        throws
    {
        for (maxNorm, hasMoved) in [(1.0, false), (0, true)] {
            let store = try parameters()
            let (weight, bias) = (store.parameters[0].value, store.parameters[1].value)
            let optimizer = try Optimizer(SGD(), parameterGroups(store.parameters, weightDecay: 0))
            try optimizer.clearGradients()
            // The square root is finite at 0, but its gradient is not. The later of the two sums comes first in the pass.
            let lost = try (weight - weight.detached()).map(.sqrt).sum()
            let loss = try lost + bias.sum()
            let outcome = try optimizer.stepInBackward(
                of: loss,
                parameters: store.parameters,
                maxNorm: maxNorm,
                learningRate: 1,
                isInBlock: { _ in true }
            )
            #expect(outcome == .notFinite(parameter: "w", hasMoved: hasMoved))
            #expect(try weight.array(of: Float.self) == [3, 4])
            #expect(try bias.array(of: Float.self) == (hasMoved ? [-1, 11] : [0, 12]))
        }
    }

    @Test func `a step in the backward pass frees a gradient before the next one exists`() throws {
        let store = ParameterStore()
        let scope = ParameterScope(store)
        for index in 0..<4 {
            try scope.parameter("layers.\(index)", [2], initialization: .ones).set(Tensor([1, 2] as [Float]))
        }
        try store.setRequiresGradient(true)
        let leaves = store.parameters.map(\.value)
        var product = leaves[0]
        for leaf in leaves.dropFirst() { product = try product * leaf }
        let loss = try product.sum()
        var order: [Int] = []
        try loss.backward(tellingOf: leaves) { (index) throws(TorchError) in
            order.append(index)
            for (other, leaf) in leaves.enumerated() where other != index {
                #expect(try leaf.gradient() == nil)
            }
            try leaves[index].clearGradient()
        }
        #expect(order.sorted() == [0, 1, 2, 3])
    }

    @Test func `weighted cross-entropy is a sum, and so is its total weight`() throws {
        let loss = CrossEntropy(classWeights: [0.6, 0.4])
        let logits = try Tensor([1, 2, 0.5, -1] as [Float], shape: [2, 2])
        // torch.nn.functional.cross_entropy(logits, labels, weight=w, reduction="sum") = 0.6·log(1+e) + 0.4·log(1+e^1.5)
        let expected = 0.6 * 1.3132616875182228 + 0.4 * 1.7014132779827524
        #expect(try abs(loss(logits, labels: [0, 1]).item() - expected) < 1e-6)
        #expect(abs(loss.totalWeight(of: .classes([0, 1, 1])) - 1.4) < 1e-6)
    }
}
