import Checkpoints
import Foundation
import NN
import ProcessGroups
import TestSupport
import Testing
import Torch

@testable import Training

/// An optimizer whose state is divided among ranks.
struct ZeroOptimizerTests {
    private static let names = ["wide", "square", "embedding", "small", "bias"]

    private static let rules: [(name: String, rule: any OptimizerRule)] = [
        ("adamw", AdamW()), ("adamw8", AdamW8()), ("sgd", momentum), ("lion", Lion()),
        ("adafactor", Adafactor()),
    ]

    private static var momentum: SGD {
        var rule = SGD()
        rule.momentum = 0.9
        return rule
    }

    private static func fixture() throws -> SafetensorsFile {
        try SafetensorsFile(contentsOf: Fixture.folder.appending(path: "training/optimizers.safetensors"))
    }

    /// Parameters with the values of the optimizers' fixture.
    private static func parameters(_ dtype: DType = .float32) throws -> ParameterStore {
        let (store, fixture) = (ParameterStore(), try fixture())
        for name in names {
            let values = try fixture.tensor("start.\(name)")
            let parameter = try ParameterScope(store).parameter(
                name,
                values.shape,
                initialization: .zeros,
                role: name == "embedding" ? .embedding : .plain
            )
            try parameter.set(values.to(dtype: dtype).copy())
        }
        return store
    }

    private static func groups(_ store: ParameterStore) -> [ParameterGroup] {
        parameterGroups(store.parameters, weightDecay: 0.1)
    }

    /// Takes steps with the fixture's gradients, which are equal on all ranks.
    private static func take(
        _ steps: Range<Int>,
        _ store: ParameterStore,
        _ update: () throws -> Void
    ) throws {
        let fixture = try fixture()
        try store.setRequiresGradient(true)
        let (s, c) = (
            try fixture.tensor("s").array(of: Double.self), try fixture.tensor("c").array(of: Double.self)
        )
        for step in steps {
            for parameter in store.parameters {
                let (a, b) = (
                    try fixture.tensor("a.\(parameter.name)"), try fixture.tensor("b.\(parameter.name)")
                )
                let gradient = try (a * s[step] + b * c[step]).to(dtype: parameter.value.dtype)
                try (parameter.value * gradient).sum().backward()
            }
            try update()
            for parameter in store.parameters { #expect(try parameter.gradient() == nil) }
        }
        try store.setRequiresGradient(false)
    }

    private static func values(_ store: ParameterStore) throws -> [[Float]] {
        try store.parameters.map { try $0.value.detached().to(dtype: .float32).array(of: Float.self) }
    }

    /// The weights after steps of one process.
    private static func alone(
        _ rule: any OptimizerRule,
        steps: Int,
        _ dtype: DType = .float32,
        stateAt file: URL? = nil
    ) throws -> [[Float]] {
        let store = try parameters(dtype)
        let optimizer = try Optimizer(rule, groups(store), roundingSeed: 3)
        try take(0..<steps, store) { try optimizer.step(learningRate: 1e-2, gradientScale: 0.5) }
        if let file { try writeSafetensors(optimizer.state, to: file) }
        return try values(store)
    }

    @Test(.hangGuard, arguments: rules.indices, [2, 3])
    func `the weights of all ranks are those of an undivided optimizer, to the bit`(
        rule: Int,
        ranks: Int
    ) throws {
        let (name, rule) = Self.rules[rule]
        for dtype in [DType.float32, .bfloat16] {
            let whole = try Self.alone(rule, steps: 4, dtype)
            // All parameters in parcels, none, and some.
            for smallest in [Int.max, 0, 100] {
                let weights = try Ranks.run(ranks) { group in
                    let store = try Self.parameters(dtype)
                    let zero = try ZeroOptimizer(
                        rule,
                        Self.groups(store),
                        roundingSeed: 3,
                        in: group,
                        smallest: smallest
                    )
                    try Self.take(0..<4, store) { try zero.step(learningRate: 1e-2, gradientScale: 0.5) }
                    return try Self.values(store)
                }
                #expect(weights == Array(repeating: whole, count: ranks), "\(name), \(dtype), \(smallest)")
            }
        }
    }

    @Test(.hangGuard, arguments: [0, Int.max])
    func `copies of weights in bfloat16 follow the values of other ranks`(smallest: Int) throws {
        _ = try Ranks.run(2) { group in
            let store = try Self.parameters()
            for parameter in store.parameters { _ = try parameter.narrowed() }
            let zero = try ZeroOptimizer(
                AdamW(),
                Self.groups(store),
                roundingSeed: 0,
                in: group,
                smallest: smallest
            )
            try Self.take(0..<3, store) {
                try zero.step(learningRate: 1e-1, gradientScale: 1)
                for parameter in store.parameters {
                    let (copy, values) = (try parameter.narrowed(), try parameter.value.detached())
                    #expect(
                        try copy.array(of: Float.self) == values.to(dtype: .bfloat16).array(of: Float.self),
                        "\(parameter.name) on rank \(group.rank)"
                    )
                }
            }
        }
    }

    @Test func `parameters are divided largest first, each to the rank with the fewest weights`() throws {
        let store = ParameterStore()
        let sizes = [10, 30, 20, 20, 5, 5, 8]
        for (index, size) in sizes.enumerated() {
            _ = try ParameterScope(store).parameter("p\(index)", [size], initialization: .zeros)
        }
        let groups = [
            ParameterGroup(Array(store.parameters.prefix(4)), weightDecay: 0.1),
            ParameterGroup(Array(store.parameters.dropFirst(4)), weightDecay: 0),
        ]
        // 30, 20 and 20; then 10 to the first of the smaller two. Of the second group 8 and 5 to rank 2, the last to rank 0.
        #expect(
            ZeroOptimizer.owners(of: groups, ranks: 3)
                == ["p1": 0, "p2": 1, "p3": 2, "p0": 1, "p6": 2, "p4": 2, "p5": 0]
        )
        #expect(Set(ZeroOptimizer.owners(of: groups, ranks: 1).values) == [0])
    }

    @Test(.hangGuard) func `each rank has a part of the state, and together they have all of it`() throws {
        let whole = try Optimizer(AdamW8(), Self.groups(Self.parameters())).state.map(\.name)
        let states = try Ranks.run(3) { group in
            let zero = try ZeroOptimizer(AdamW8(), Self.groups(Self.parameters()), roundingSeed: 0, in: group)
            #expect(zero.layout.map(\.name) == whole)
            return zero.optimizer.state.map(\.name)
        }
        #expect(states.flatMap(\.self).sorted() == whole.sorted())
        #expect(states.allSatisfy { $0.count < whole.count })
    }

    @Test(.hangGuard, arguments: rules.indices)
    func `a saved state has the bytes of an undivided optimizer's, and any number of ranks resumes it`(
        rule: Int
    ) throws {
        let (name, rule) = Self.rules[rule]
        try withTemporaryFolder { folder in
            let (theirs, ours) = (folder.appending(path: "whole"), folder.appending(path: "divided"))
            let middle = try Self.alone(rule, steps: 3, stateAt: theirs)
            let whole = try Self.alone(rule, steps: 6)
            _ = try Ranks.run(2) { group in
                let store = try Self.parameters()
                let zero = try ZeroOptimizer(rule, Self.groups(store), roundingSeed: 3, in: group)
                try Self.take(0..<3, store) { try zero.step(learningRate: 1e-2, gradientScale: 0.5) }
                if group.isFirst { try zero.writeState(to: ours) } else { try zero.sendState() }
            }
            #expect(try Data(contentsOf: ours) == Data(contentsOf: theirs), "\(name)")
            let weights = try Ranks.run(3) { group in
                let store = try Self.parameters()
                for (parameter, values) in zip(store.parameters, middle) {
                    try parameter.value.assign(Tensor(values, shape: parameter.shape))
                }
                let zero = try ZeroOptimizer(rule, Self.groups(store), roundingSeed: 3, in: group)
                try zero.restore(
                    stepCount: 3,
                    from: group.isFirst ? SafetensorsFile(contentsOf: ours) : nil
                )
                try Self.take(3..<6, store) { try zero.step(learningRate: 1e-2, gradientScale: 0.5) }
                return try Self.values(store)
            }
            #expect(weights == [whole, whole, whole], "\(name)")
        }
    }

    @Test(.hangGuard) func `another optimizer's state is refused`() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "optimizer.safetensors")
            _ = try Self.alone(Lion(), steps: 1, stateAt: file)
            let outcomes = try Ranks.outcomes(2) { group in
                let zero = try ZeroOptimizer(
                    AdamW8(),
                    Self.groups(Self.parameters()),
                    roundingSeed: 0,
                    in: group
                )
                try zero.restore(stepCount: 1, from: group.isFirst ? SafetensorsFile(contentsOf: file) : nil)
            }
            #expect { try outcomes[0].get() } throws: { !($0 is DistributedError) }
            #expect {
                try outcomes[1].get()
            } throws: { ($0 as? DistributedError)?.code == .peerFailed }
        }
    }
}

/// Whole runs with a divided optimizer.
struct ZeroRunTests {
    private static func place(_ group: ProcessGroup, in folder: URL) -> URL {
        folder.appending(path: "rank-\(group.rank)", directoryHint: .isDirectory)
    }

    private static func run(_ optimizer: OptimizerName, zero: ZeroStage) -> RankRun {
        var run = RankRun().divided(among: 2)
        run.arguments.optimizer = optimizer
        run.arguments.zeroStage = zero
        (run.arguments.saveStrategy, run.arguments.saveSteps) = (.steps, 3)
        return run
    }

    @Test(.hangGuard, arguments: [OptimizerName.adamWFused, .sgd, .adafactor], [DType.float32, .bfloat16])
    func `a run has the weights and checkpoints of one without division`(
        optimizer: OptimizerName,
        dtype: DType
    ) throws {
        try withTemporaryFolder { folder in
            let endings = try [ZeroStage.off, .one].map { stage in
                try Ranks.run(2) { group in
                    var run = Self.run(optimizer, zero: stage)
                    run.weightsDType = dtype
                    // With float32 weights, products in bfloat16 use copies of them.
                    run.arguments.precision = .bf16
                    return try run.train(in: Self.place(group, in: folder.appending(path: "\(stage)")), group)
                }
            }
            let all = endings.flatMap(\.self)
            #expect(all.allSatisfy { $0.weights == all[0].weights && $0.evaluations == all[0].evaluations })
            #expect(all.map(\.savedCount) == [2, 0, 2, 0])
            #expect(endings[1].reduce(0) { $0 + $1.stateBytes } == endings[0][0].stateBytes)
            #expect(endings[1].allSatisfy { $0.stateBytes < endings[0][0].stateBytes })
            for step in [3, 6] {
                let places = [ZeroStage.off, .one].map {
                    RunFolder(folder.appending(path: "\($0)/rank-0")).checkpoint(step)
                }
                for name in ["model.safetensors", TrainerState.optimizerState, TrainerState.randomStates] {
                    let bytes = try places.map { try Data(contentsOf: $0.appending(path: name)) }
                    #expect(bytes[0] == bytes[1], "\(name) of step \(step)")
                }
            }
        }
    }

    @Test(.hangGuard) func `an interrupted run resumes with and without division`() throws {
        try withTemporaryFolder { folder in
            let whole = try Ranks.run(2) { group in
                try Self.run(.adamW, zero: .off).train(
                    in: Self.place(group, in: folder.appending(path: "whole")),
                    group
                )
            }
            for (first, second) in [(ZeroStage.one, ZeroStage.one), (.one, .off), (.off, .one)] {
                let folder = folder.appending(path: "\(first) \(second)")
                _ = try Ranks.run(2) { group in
                    try Self.run(.adamW, zero: first).train(
                        in: Self.place(group, in: folder),
                        group,
                        stopAfter: 2
                    )
                }
                let endings = try Ranks.run(2) { group in
                    try Self.run(.adamW, zero: second).train(
                        in: Self.place(group, in: folder),
                        group,
                        resumes: group.isFirst
                    )
                }
                #expect(endings.allSatisfy { $0.weights == whole[0].weights }, "\(first), \(second)")
            }
        }
    }
}
