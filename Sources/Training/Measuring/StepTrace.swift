/// The memory and time of a training step or an evaluation.
package struct StepTrace: Sendable, Equatable {
    /// One phase of the step.
    package struct Phase: Sendable, Equatable {
        /// The kind of phase; nil for an evaluation.
        package var kind: StepPhase?
        /// The bytes of all tensors after each allocation.
        package var live: [Int]
    }

    /// The phases in order: forward and backward of every micro-batch, then the update.
    package var phases: [Phase] = []
    /// The duration in seconds.
    package var seconds = 0.0

    /// Creates an empty trace.
    package init() {}

    /// The peak bytes of all tensors.
    package var peak: Int { phases.compactMap { $0.live.max() }.max() ?? 0 }
}

/// The memory of a step of a model with many blocks, extrapolated from steps of two models with few blocks.
///
/// At each moment of a step, memory grows by the same amount with every block, but the moment of the peak varies: with few
/// blocks it may be when the embedding's gradient is computed, with many when all activations exist. So each phase is
/// measured at its beginning and its end, moments that every step has. In between memory never exceeds
/// both, because activations shrink and gradients grow by the same amounts block after block.
package struct ProbedStep: Sendable, Equatable {
    /// The peak memory around one moment.
    package struct Moment: Sendable, Equatable {
        /// The phase; nil for an evaluation.
        package var phase: StepPhase?
        /// The number of earlier backward passes in this step.
        package var microBatch: Int
        /// Whether the moment is in the second half of its phase.
        package var isLate: Bool
        /// The bytes with the requested number of blocks.
        package var bytes: Int
    }

    private let small: StepTrace
    private let large: StepTrace
    private let smallBlocks: Int
    private let largeBlocks: Int

    /// Creates a probe from two measured steps with the same examples.
    ///
    /// - Parameters:
    ///   - small: A step of a model with `smallBlocks` blocks.
    ///   - smallBlocks: The smaller number of blocks, at least 1.
    ///   - large: A step of a model with `largeBlocks` blocks.
    ///   - largeBlocks: The larger number of blocks; equal to `smallBlocks` if the whole model was measured.
    package init(small: StepTrace, _ smallBlocks: Int, large: StepTrace, _ largeBlocks: Int) {
        (self.small, self.smallBlocks) = (small, smallBlocks)
        (self.large, self.largeBlocks) = (large, largeBlocks)
    }

    /// The moments of a step with a number of blocks.
    ///
    /// - Parameter blocks: The number of blocks, at least that of the measured models.
    /// - Returns: One moment for each half of every phase.
    package func moments(blocks: Int) -> [Moment] {
        var microBatch = 0
        var moments: [Moment] = []
        for (few, many) in zip(small.phases, large.phases) {
            for (isLate, pair) in ends(few.live, many.live).enumerated() {
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

    /// The time of a step with a number of blocks.
    ///
    /// A negative difference between the measurements counts as 0.
    ///
    /// - Parameter blocks: The number of blocks, at least that of the measured models.
    /// - Returns: The time in seconds.
    package func seconds(blocks: Int) -> Double {
        max(extended(small.seconds, large.seconds, to: blocks) ?? large.seconds, large.seconds)
    }

    /// Linear extrapolation through two points; nil if they coincide.
    private func extended(_ few: Double, _ many: Double, to blocks: Int) -> Double? {
        guard largeBlocks > smallBlocks else { return nil }
        return few + Double(blocks - smallBlocks) * (many - few) / Double(largeBlocks - smallBlocks)
    }

    /// The peaks of both models at the beginning and at the end of a phase.
    ///
    /// Each end has as many allocations as the smaller model makes in all of its blocks, and at least half of all, so that it does not
    /// end within a block; what the larger model has in between is left out.
    private func ends(_ few: [Int], _ many: [Int]) -> [(Int, Int)?] {
        func pair(_ few: ArraySlice<Int>, _ many: ArraySlice<Int>) -> (Int, Int)? {
            few.max().flatMap { peak in many.max().map { (peak, $0) } }
        }
        guard many.count >= few.count else { return [pair(few[...], many[...]), nil] }
        let perBlock = largeBlocks > smallBlocks ? (many.count - few.count) / (largeBlocks - smallBlocks) : 0
        let ofBlocks = min(smallBlocks * perBlock, few.count)
        let (early, late) = (max(few.count / 2, ofBlocks), max(few.count - few.count / 2, ofBlocks))
        return [pair(few.prefix(early), many.prefix(early)), pair(few.suffix(late), many.suffix(late))]
    }
}
