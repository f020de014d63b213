import Testing

@testable import Training

/// A step's memory with many blocks, extrapolated from two steps with few.
struct GrowingStepTests {
    /// A backward pass: the activations of `blocks` blocks of 10 bytes shrink, gradients of `gradient` bytes each grow, and
    /// the embedding's gradient of 7 bytes is last.
    private func backward(blocks: Int, gradient: Int) -> [Int] {
        (1...blocks).map { 100 + 10 * (blocks - $0 + 1) + gradient * $0 }
            + [100 + gradient * blocks + 7]
    }

    private func trace(blocks: Int, gradient: Int) -> StepTrace {
        var trace = StepTrace()
        trace.phases = [
            .init(kind: .forward, live: (1...blocks).map { 100 + 10 * $0 }),
            .init(kind: .backward, live: backward(blocks: blocks, gradient: gradient)),
        ]
        trace.seconds = 1 + 0.25 * Double(blocks)
        return trace
    }

    @Test(arguments: [1, 9, 11, 40])
    func `the peak equals that of the larger model, whichever moment it is`(gradient: Int) {
        let growing = ProbedStep(
            small: trace(blocks: 2, gradient: gradient),
            2,
            large: trace(blocks: 3, gradient: gradient),
            3
        )
        for blocks in [2, 3, 12, 32] {
            let expected = trace(blocks: blocks, gradient: gradient).peak
            #expect(growing.moments(blocks: blocks).map(\.bytes).max() == expected, "\(blocks) blocks")
        }
    }

    @Test func `time grows with the blocks, and a negative difference counts as 0`() {
        let (small, large) = (trace(blocks: 2, gradient: 1), trace(blocks: 3, gradient: 1))
        #expect(ProbedStep(small: small, 2, large: large, 3).seconds(blocks: 12) == 4)
        var faster = large
        faster.seconds = 1.4
        #expect(ProbedStep(small: small, 2, large: faster, 3).seconds(blocks: 12) == 1.4)
    }

    @Test func `a whole model's measurement is used unchanged`() {
        let step = trace(blocks: 2, gradient: 1)
        let growing = ProbedStep(small: step, 2, large: step, 2)
        #expect(growing.moments(blocks: 2).map(\.bytes).max() == step.peak)
        #expect(growing.seconds(blocks: 2) == step.seconds)
    }
}
