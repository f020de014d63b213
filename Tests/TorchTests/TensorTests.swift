import TestSupport
import Testing
import Torch

struct TensorTests {
    @Test func `arithmetic broadcasts`() throws {
        let a = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        let b = try Tensor([10, 20, 30] as [Float])
        #expect(try (a + b).array(of: Float.self) == [11, 22, 33, 14, 25, 36])
        #expect(try (a * 2 - a / b * b).array(of: Float.self) == [1, 2, 3, 4, 5, 6])
        #expect(try a.matmul(a.transposed(0, 1)).array(of: Float.self) == [14, 32, 32, 77])
        #expect(try a.sum(along: 0).array(of: Float.self) == [5, 7, 9])
        #expect(try a.argmax(along: 1).array(of: Int64.self) == [2, 2])
        #expect(try a.max().item() == 6)
    }

    @Test func `an error names the operation and both shapes`() throws {
        let a = try Tensor.zeros([2, 3])
        let b = try Tensor.zeros([2, 5])
        #expect {
            try a + b
        } throws: { error in
            "\(error)".hasPrefix("+: The size of tensor a (3) must match the size of tensor b (5)")
        }
        #expect { try a.embedding(Tensor([9] as [Int64])) } throws: { error in
            (error as? TorchError)?.code == .indexOutOfRange
        }
        #expect(
            throws: TorchError(operation: "item", message: "a tensor of shape [2, 3] is not a single number")
        ) {
            try a.item()
        }
    }

    @Test func `running out of memory is an error, not a crash`() throws {
        #expect { try Tensor.empty([1 << 46]) } throws: { ($0 as? TorchError)?.code == .outOfMemory }
    }

    @Test func `gradients accumulate until they are cleared`() throws {
        let x = try Tensor([3] as [Float])
        try x.setRequiresGradient(true)
        for expected in [6.0, 12] {
            try (x * x).sum().backward()
            #expect(try x.gradient()?.item() == expected)
        }
        try x.clearGradient()
        #expect(try x.gradient() == nil)
        #expect(try withNoGradient { () throws(TorchError) in try (x * x).requiresGradient } == false)
    }

    @Test func `random streams are reproducible and resume`() throws {
        let first = try RandomSource(seed: 42)
        let order = try first.permutation(10)
        #expect(try RandomSource(seed: 42).permutation(10) == order)
        // torch.randperm(10, generator=torch.Generator().manual_seed(42))
        #expect(order == [2, 6, 1, 8, 4, 5, 0, 9, 3, 7])
        let state = try first.state()
        let next = try first.permutation(5)
        try first.restore(state)
        #expect(try first.permutation(5) == next)
    }

    @Test func `borrowed memory is read in place, and its owner is released last`() throws {
        final class Owner {
            let memory = UnsafeMutablePointer<Float>.allocate(capacity: 4)
            let isGone: UnsafeMutablePointer<Bool>
            init(isGone: UnsafeMutablePointer<Bool>) {
                self.isGone = isGone
                for i in 0..<4 { memory[i] = Float(i) }
            }
            deinit {
                memory.deallocate()
                isGone.pointee = true
            }
        }
        let isGone = UnsafeMutablePointer<Bool>.allocate(capacity: 1)
        defer { isGone.deallocate() }
        isGone.pointee = false
        var view: Tensor? = nil
        do {
            let owner = Owner(isGone: isGone)
            let tensor = try Tensor(borrowing: owner.memory, shape: [2, 2], dtype: .float32, owner: owner)
            view = try tensor.selected(0, at: 1)
        }
        #expect(!isGone.pointee)
        #expect(try view?.array(of: Float.self) == [2, 3])
        view = nil
        #expect(isGone.pointee)
    }

    @Test func `a fused AdamW step follows its formula`() throws {
        let parameter = try Tensor([1, -2] as [Float])
        let gradient = try Tensor([0.5, 0.25] as [Float])
        let moments = try (0..<2).map { _ in try Tensor.zeros([2]) }
        try OptimizerStep(step: 1, learningRate: 0.1, weightDecay: 0.01).adamW(
            [parameter],
            gradients: [gradient],
            firstMoments: [moments[0]],
            secondMoments: [moments[1]],
            betas: (0.9, 0.999),
            epsilon: 1e-8
        )
        // After decay, the first step moves by the learning rate against the sign of the gradient.
        let expected = [1 * (1 - 0.1 * 0.01) - 0.1, -2 * (1 - 0.1 * 0.01) - 0.1]
        for (value, wanted) in try paired(parameter.array(of: Double.self), expected) {
            #expect(abs(value - wanted) < 1e-6)
        }
        #expect(try abs(totalNorm([gradient]) - 0.3125.squareRoot()) < 1e-7)
    }

    // 1e-6 relative to weights of size 1: the same formula in another order of operations.
    @Test(arguments: [0, 0.1], [1, 0.3])
    func `our AdamW updates like libtorch's, including rows without any gradient`(
        weightDecay: Double,
        gradientScale: Double
    ) throws {
        let random = try RandomSource(seed: 3)
        let shapes = [[7], [70, 33], [300, 256]]
        func start() throws -> [[Tensor]] {
            try shapes.map { shape in
                [try Tensor.full(1, shape), try Tensor.zeros(shape), try Tensor.zeros(shape)]
            }
        }
        let (ours, theirs) = (try start(), try start())
        for step in 1...4 {
            let gradients = try shapes.map { shape in
                let values = try Tensor.normal(shape, random: random)
                // Half of the rows have no gradient in even steps, and a quarter never has one.
                guard shape.count == 2 else { return values }
                let rows = (0..<shape[0]).map { $0 % 4 == 0 || ($0 % 2 == 0 && step % 2 == 0) ? Float(0) : 1 }
                return try values * Tensor(rows, shape: [shape[0], 1])
            }
            let numbers = OptimizerStep(step: step, learningRate: 0.1, weightDecay: weightDecay)
            for (state, plain) in [(ours, false), (theirs, true)] {
                try numbers.adamW(
                    state.map { $0[0] },
                    gradients: try gradients.map { try $0 * 1 },
                    firstMoments: state.map { $0[1] },
                    secondMoments: state.map { $0[2] },
                    betas: (0.9, 0.999),
                    epsilon: 1e-8,
                    gradientScale: gradientScale,
                    plain: plain
                )
            }
        }
        for (a, b) in try paired(Array(ours.joined()), Array(theirs.joined())) {
            let pairs = try paired(a.array(of: Float.self), b.array(of: Float.self))
            #expect(pairs.allSatisfy { abs($0 - $1) <= 1e-6 })
        }
    }
}
