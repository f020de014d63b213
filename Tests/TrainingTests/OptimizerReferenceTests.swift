import Checkpoints
import Foundation
import NN
import TestSupport
import Testing
import Torch

/// Compares runs of 100 steps with torch, transformers and bitsandbytes: Scripts/fixtures/training/optimizers.py.
struct OptimizerReferenceTests {
    private let fixture: SafetensorsFile

    init() throws {
        fixture = try SafetensorsFile(
            contentsOf: Fixture.folder.appending(path: "training/optimizers.safetensors")
        )
    }

    private static let all = ["wide", "square", "embedding", "small", "bias"]

    /// Parameters with the fixture's initial values, and an optimizer for them.
    private func start(
        _ names: [String],
        _ rule: any OptimizerRule
    ) throws -> (store: ParameterStore, optimizer: Optimizer) {
        let store = ParameterStore()
        let scope = ParameterScope(store)
        for name in names {
            let values = try fixture.tensor("start.\(name)")
            let parameter = try scope.parameter(
                name,
                values.shape,
                initialization: .zeros,
                role: name == "embedding" ? .embedding : .plain
            )
            try parameter.set(values.copy())
        }
        return (store, try Optimizer(rule, parameterGroups(store.parameters, weightDecay: 0.1)))
    }

    /// Takes steps with the fixture's gradients; `scale` divides them, and the optimizer multiplies them again.
    private func take(
        _ steps: Range<Int>,
        _ store: ParameterStore,
        _ optimizer: Optimizer,
        scale: Double = 1
    ) throws {
        try store.setRequiresGradient(true)
        let (s, c) = (
            try fixture.tensor("s").array(of: Double.self), try fixture.tensor("c").array(of: Double.self)
        )
        for step in steps {
            for parameter in store.parameters {
                let gradient =
                    try fixture.tensor("a.\(parameter.name)") * s[step] + fixture.tensor(
                        "b.\(parameter.name)"
                    )
                    * c[step]
                try (parameter.value * gradient * (1 / scale)).sum().backward()
            }
            try optimizer.step(learningRate: 1e-2, gradientScale: scale)
        }
        try store.setRequiresGradient(false)
    }

    private func largest(_ a: Tensor, _ b: Tensor) throws -> Double {
        let (x, y) = (try a.array(of: Double.self), try b.array(of: Double.self))
        #expect(x.count == y.count)
        return zip(x, y).map { abs($0 - $1) }.max() ?? 0
    }

    private static func sgd(_ momentum: Double, _ dampening: Double, _ nesterov: Bool) -> SGD {
        var rule = SGD()
        (rule.momentum, rule.dampening, rule.nesterov) = (momentum, dampening, nesterov)
        return rule
    }

    private static let rules: [(String, any OptimizerRule)] = [
        ("adamw_torch_fused", AdamW()), ("sgd", SGD()), ("sgd_momentum", sgd(0.9, 0.2, false)),
        ("sgd_nesterov", sgd(0.9, 0, true)), ("adafactor", Adafactor()), ("lion_32bit", Lion()),
    ]

    // Steps of 0.01 add up to about 1; 2e-6 is the error of 100 float32 roundings at that size.
    @Test func `a hundred steps of every optimizer end at the fixture's weights`() throws {
        for (name, rule) in Self.rules {
            let (store, optimizer) = try start(["small", "bias"], rule)
            try take(0..<100, store, optimizer)
            for parameter in store.parameters {
                let error = try largest(parameter.value, fixture.tensor("\(name).\(parameter.name)"))
                #expect(error < 2e-6, "\(name) \(parameter.name): \(error)")
            }
            for (key, value) in optimizer.state {
                let error = try largest(value, fixture.tensor("\(name).\(key)"))
                #expect(error < 2e-6, "\(name) \(key): \(error)")
            }
        }
    }

    @Test func `the tables of 8-bit codes equal bitsandbytes' to the bit`() throws {
        for (name, isSigned) in [("map.signed", true), ("map.unsigned", false)] {
            let map = try Moments8.dynamicMap(isSigned: isSigned).array(of: Float.self)
            #expect(
                map.map(\.bitPattern) == (try fixture.tensor(name).array(of: Float.self)).map(\.bitPattern)
            )
        }
    }

    // A code may be the next one if two float32 roundings differ, and then its weight changes slightly differently from
    // there on. Only few weights may differ, and only slightly.
    @Test(arguments: [false, true])
    func `a hundred 8-bit steps end at bitsandbytes' weights`(usesLibtorchKernel: Bool) throws {
        var rule = AdamW8()
        rule.usesLibtorchKernel = usesLibtorchKernel
        let (store, optimizer) = try start(Self.all, rule)
        try take(0..<100, store, optimizer)
        let state = Dictionary(uniqueKeysWithValues: optimizer.state.map { ($0.name, $0.tensor) })
        #expect(state.values.count { $0.dtype == .uint8 } == 4)
        for parameter in store.parameters {
            let (ours, theirs) = (
                try parameter.value.array(of: Double.self),
                try fixture.tensor("adamw_bnb_8bit.\(parameter.name)").array(of: Double.self)
            )
            let errors = zip(ours, theirs).map { abs($0 - $1) }
            #expect(errors.max() ?? 1 < 0.02, "\(parameter.name)")
            #expect(Double(errors.count { $0 > 1e-5 }) < 0.01 * Double(errors.count), "\(parameter.name)")
        }
        for (key, value) in state where value.dtype == .uint8 {
            let (ours, theirs) = (
                try value.array(of: UInt8.self),
                try fixture.tensor("adamw_bnb_8bit.\(key)").array(of: UInt8.self)
            )
            let equal = zip(ours, theirs).count { $0 == $1 }
            #expect(Double(equal) > 0.99 * Double(ours.count), "\(key): \(equal) of \(ours.count)")
        }
    }

    @Test func `the kernel and libtorch's operations take the same 8-bit step`() throws {
        var plain = AdamW8()
        plain.usesLibtorchKernel = true
        let (a, b) = (try start(["wide"], AdamW8()), try start(["wide"], plain))
        try take(0..<1, a.store, a.optimizer)
        try take(0..<1, b.store, b.optimizer)
        for (ours, theirs) in zip(a.store.parameters, b.store.parameters) {
            // One step from equal states differs only by float32 rounding.
            #expect(try largest(ours.value, theirs.value) < 1e-6)
        }
    }

    @Test func `clipping in the step equals clipping before it`() throws {
        for rule in [AdamW8(), AdamW(), Lion()] as [any OptimizerRule] {
            let (a, b) = (try start(["wide", "bias"], rule), try start(["wide", "bias"], rule))
            try take(0..<3, a.store, a.optimizer)
            // Division by a power of two is exact, so both get the same gradients.
            try take(0..<3, b.store, b.optimizer, scale: 0.25)
            for (ours, theirs) in zip(a.store.parameters, b.store.parameters) {
                #expect(try ours.value.array(of: Float.self) == theirs.value.array(of: Float.self))
            }
        }
    }

    @Test func `a restored optimizer gives the same bytes, for every update rule`() throws {
        for (name, rule) in Self.rules + [("adamw_bnb_8bit", AdamW8())] {
            let whole = try start(Self.all, rule)
            try take(0..<6, whole.store, whole.optimizer)
            let first = try start(Self.all, rule)
            try take(0..<3, first.store, first.optimizer)
            try withTemporaryFolder { folder in
                let url = folder.appending(path: "optimizer.safetensors")
                try writeSafetensors(first.optimizer.state, to: url)
                let second = try start(Self.all, rule)
                for (fresh, moved) in zip(second.store.parameters, first.store.parameters) {
                    try fresh.value.assign(moved.value)
                }
                let saved = try SafetensorsFile(contentsOf: url)
                try second.optimizer.restore(stepCount: 3, saved.tensor)
                try take(3..<6, second.store, second.optimizer)
                for (ours, theirs) in zip(second.store.parameters, whole.store.parameters) {
                    let (x, y) = (
                        try ours.value.array(of: Float.self), try theirs.value.array(of: Float.self)
                    )
                    #expect(x == y, "\(name) \(ours.name)")
                }
            }
        }
    }

    @Test func `8-bit moments need about a quarter of the memory`() throws {
        let wide = try start(["wide", "square"], AdamW()).optimizer.stateBytes
        let narrow = try start(["wide", "square"], AdamW8()).optimizer.stateBytes
        // 2 + 8 / 256 bytes instead of 8.
        #expect(Double(narrow) / Double(wide) < 0.26)
    }

    @Test func `another optimizer's state is refused`() throws {
        let saved = try start(["wide"], AdamW8()).optimizer.state
        let lion = try start(["wide"], Lion()).optimizer
        #expect {
            try lion.restore(stepCount: 1) { name in try #require(saved.first { $0.name == name }?.tensor) }
        } throws: { "\($0)".contains("resume with the optimizer that saved it") }
    }
}
