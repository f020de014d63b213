import NN
import Testing
import Torch

/// bfloat16 copies of float32 weights for products, which must always match the current weights.
struct NarrowCopyTests {
    private func parameter(_ shape: [Int], role: ParameterRole) throws -> Parameter {
        let parameter = try ParameterScope(ParameterStore()).parameter(
            "w",
            shape,
            initialization: .zeros,
            role: role
        )
        try parameter.set(Tensor.normal(shape, random: RandomSource(seed: 4)))
        try parameter.value.setRequiresGradient(true)
        return parameter
    }

    private func bits(_ tensor: Tensor) throws -> [UInt32] {
        try tensor.to(dtype: .float32).array(of: Float.self).map(\.bitPattern)
    }

    /// The weights as rounded by libtorch.
    private func rounded(_ parameter: Parameter) throws -> [UInt32] {
        try bits(parameter.value.detached().to(dtype: .bfloat16))
    }

    private func step(_ parameter: Parameter, _ optimizer: Optimizer) throws {
        try (parameter.value * parameter.value).sum().backward()
        try optimizer.step(learningRate: 0.01)
    }

    // Sizes that are not multiples of the vector width or block size. In AdamW8 an embedding's moments have 32 bits.
    @Test(arguments: [[3, 7], [70, 65]], [ParameterRole.plain, .embedding])
    func `every rule keeps the copy equal to its rounded weights`(shape: [Int], role: ParameterRole) throws {
        var (plain, plain8) = (AdamW(), AdamW8())
        (plain.usesLibtorchKernel, plain8.usesLibtorchKernel) = (true, true)
        for rule in [AdamW(), plain, AdamW8(), plain8, SGD(), Lion(), Adafactor()] as [any OptimizerRule] {
            let parameter = try parameter(shape, role: role)
            let optimizer = try Optimizer(rule, [ParameterGroup([parameter], weightDecay: 0.1)])
            let before = try bits(parameter.narrowed())
            #expect(try before == rounded(parameter))
            for _ in 0..<3 {
                try step(parameter, optimizer)
                // The kernel has already written it.
                if rule.writesNarrowCopies {
                    #expect(
                        try bits(#require(parameter.existingBFloat16Copy)) == rounded(parameter),
                        "\(rule)"
                    )
                }
                #expect(try bits(parameter.narrowed()) == rounded(parameter), "\(rule)")
            }
            #expect(try before != bits(parameter.narrowed()))
        }
    }

    @Test func `weights changed in another way are rounded again`() throws {
        let parameter = try parameter([5, 5], role: .plain)
        _ = try parameter.narrowed()
        try parameter.value.assign(Tensor.full(1.0 / 3, [5, 5]))
        #expect(try bits(parameter.narrowed()) == rounded(parameter))
        try parameter.set(Tensor.full(2.0 / 3, [5, 5]))
        #expect(try bits(parameter.narrowed()) == rounded(parameter))
    }

    @Test func `a layer multiplies by the copy and has the same gradients`() throws {
        func run(withCopy: Bool) throws -> [[UInt32]] {
            let weight = try parameter([6, 33], role: .plain)
            let x = try Tensor.normal([4, 33], random: RandomSource(seed: 8))
            let bias = try Tensor.normal([6], random: RandomSource(seed: 9))
            for leaf in [x, bias] { try leaf.setRequiresGradient(true) }
            let y = try x.linear(
                weight.value,
                copy: withCopy ? weight.narrowed() : nil,
                bias: bias,
                in: .bfloat16,
                routes: ProductRoutes(bfloat16: .bfloat16)
            )
            try (y * y).sum().backward()
            return try [bits(y)]
                + [x, weight.value, bias].map { try bits(#require(try $0.gradient())) }
        }
        #expect(try run(withCopy: true) == run(withCopy: false))
    }
}
