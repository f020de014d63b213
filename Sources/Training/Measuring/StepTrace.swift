/// What a step of training, or an evaluation, took of memory and time.
package struct StepTrace: Sendable, Equatable {
    /// One phase of the step.
    package struct Phase: Sendable, Equatable {
        /// Which; nil for an evaluation.
        package var kind: StepPhase?
        /// The bytes that tensors took after each allocation.
        package var live: [Int]
    }

    /// In order: forward and backward of every micro-batch, then the update.
    package var phases: [Phase] = []
    /// How long it took.
    package var seconds = 0.0

    /// A step that took nothing yet.
    package init() {}

    /// The most bytes that tensors took at once.
    package var peak: Int { phases.compactMap { $0.live.max() }.max() ?? 0 }
}

/// The memory of a step of a model with many blocks, from steps of two models with few.
///
/// With every block, what a step holds at a moment grows by the same amount; which moment holds the most is another question:
/// few blocks may hold the most when the embedding's gradient comes, many blocks when all activations are there. So each
/// phase is looked at where it begins and where it ends, moments that a step has whatever its blocks, and in between it is
/// never higher than at both: activations fall and gradients rise by the same amounts block after block.
package struct ProbedStep: Sendable, Equatable {
    /// The most that is held around one moment.
    package struct Moment: Sendable, Equatable {
        /// The phase; nil for an evaluation.
        package var phase: StepPhase?
        /// How many backward passes there were before it in this step.
        package var microBatch: Int
        /// Whether it is in the second half of its phase.
        package var isLate: Bool
        /// Bytes with the number of blocks that was asked for.
        package var bytes: Int
    }

    private let small: StepTrace
    private let large: StepTrace
    private let smallBlocks: Int
    private let largeBlocks: Int

    /// Two measured steps of the same examples.
    ///
    /// - Parameters:
    ///   - small: Of a model with `smallBlocks` blocks.
    ///   - smallBlocks: At least 1.
    ///   - large: Of a model with `largeBlocks` blocks.
    ///   - largeBlocks: More than `smallBlocks`, or the same for a model that was measured whole.
    package init(small: StepTrace, _ smallBlocks: Int, large: StepTrace, _ largeBlocks: Int) {
        (self.small, self.smallBlocks) = (small, smallBlocks)
        (self.large, self.largeBlocks) = (large, largeBlocks)
    }

    /// The moments of a step with so many blocks.
    ///
    /// - Parameter blocks: As many as either model's, or more.
    /// - Returns: The two halves of every phase.
    package func moments(blocks: Int) -> [Moment] {
        var microBatch = 0
        var moments: [Moment] = []
        for (few, many) in zip(small.phases, large.phases) {
            for (isLate, pair) in Self.halves(few.live, many.live).enumerated() {
                guard let pair else { continue }
                moments.append(
                    Moment(
                        phase: few.kind,
                        microBatch: microBatch,
                        isLate: isLate == 1,
                        bytes: extended(Double(pair.0), Double(pair.1), to: blocks).map { Int($0) } ?? pair.1
                    )
                )
            }
            if few.kind == .backward { microBatch += 1 }
            if few.kind == .update { microBatch = 0 }
        }
        return moments
    }

    /// Seconds of a step with so many blocks; a measured difference that is less than nothing counts nothing.
    ///
    /// - Parameter blocks: As many as either model's, or more.
    /// - Returns: Seconds.
    package func seconds(blocks: Int) -> Double {
        max(extended(small.seconds, large.seconds, to: blocks) ?? large.seconds, large.seconds)
    }

    /// A line through two points; nil where they are one.
    private func extended(_ few: Double, _ many: Double, to blocks: Int) -> Double? {
        guard largeBlocks > smallBlocks else { return nil }
        return few + Double(blocks - smallBlocks) * (many - few) / Double(largeBlocks - smallBlocks)
    }

    /// The highest of the first so many allocations and of the last so many, the same numbers for both models; the larger
    /// model's in between are left out.
    private static func halves(_ few: [Int], _ many: [Int]) -> [(Int, Int)?] {
        guard many.count >= few.count else {
            return [few.max().flatMap { peak in many.max().map { (peak, $0) } }, nil]
        }
        let half = few.count / 2
        func pair(_ few: ArraySlice<Int>, _ many: ArraySlice<Int>) -> (Int, Int)? {
            few.max().flatMap { peak in many.max().map { (peak, $0) } }
        }
        return [
            pair(few.prefix(half), many.prefix(half)),
            pair(few.dropFirst(half), many.suffix(few.count - half)),
        ]
    }
}
