import Classification
import Files

// How a step's examples are cut into what goes through the model at once.
extension Trainer {
    /// The micro-batches of a step: of so many tokens at the most, or of so many examples in their order.
    ///
    /// A step's loss and gradients are the same whatever its micro-batches, and fewer of them are faster. So those of several
    /// examples are packed anew where they become fewer, each with no more tokens than the longest texts would bring together.
    func microBatches(of window: ArraySlice<Int>) -> [ArraySlice<Int>] {
        let size = arguments.perDeviceTrainBatchSize
        let asGiven = stride(from: window.startIndex, to: window.endIndex, by: size).map {
            window[$0..<min(window.endIndex, $0 + size)]
        }
        guard let budget = tokenBudget else { return asGiven }
        let groups = packed(window, within: budget, length: train.length).map { $0[...] }
        return arguments.maxTokensPerBatch != nil || groups.count < asGiven.count ? groups : asGiven
    }

    /// Tokens that a micro-batch may have: as many as were asked for, or as the longest texts bring together.
    ///
    /// Nil where micro-batches are taken as they are given: a step is one, or they count in the reference's fault.
    static func tokenBudget(_ arguments: TrainingArguments, _ examples: EncodedExamples) -> Int? {
        if let budget = arguments.maxTokensPerBatch { return budget }
        guard arguments.gradientAccumulationSteps > 1, !arguments.hfCompatGradientAccumulation else {
            return nil
        }
        let lengths = (0..<examples.count).map(examples.length).sorted(by: >)
        return lengths.prefix(arguments.perDeviceTrainBatchSize).reduce(0, +)
    }

    /// A text cannot be cut in two.
    static func requireBudget(_ budget: Int?, for examples: EncodedExamples) throws(TrainingError) {
        guard let budget,
            let longest = (0..<examples.count).max(by: { examples.length(of: $0) < examples.length(of: $1) }),
            examples.length(of: longest) > budget
        else { return }
        let length = examples.length(of: longest)
        throw TrainingError(
            .badArgument,
            "--max-tokens-per-batch \(budget) has no room for text \(longest) of \(counted(length, "token")); give \(length) or "
                + "more, or cut texts by --max-length \(budget)"
        )
    }
}

/// Packs examples into few groups of so many tokens at the most: the longest first, each into the first group with room.
///
/// - Parameters:
///   - examples: Which.
///   - budget: Tokens of a group; no example has more.
///   - length: An example's tokens.
/// - Returns: Groups of examples by falling length, those of equal length in the order given.
///
/// Source: first-fit decreasing, Johnson 1973: at most 11/9 of the fewest groups, and one.
func packed(_ examples: some Collection<Int>, within budget: Int, length: (Int) -> Int) -> [[Int]] {
    let sorted = examples.enumerated().map { (place: $0, example: $1, length: length($1)) }
        .sorted { ($1.length, $0.place) < ($0.length, $1.place) }
    var groups: [(examples: [Int], room: Int)] = []
    for (_, example, length) in sorted {
        if let group = groups.firstIndex(where: { $0.room >= length }) {
            groups[group].examples.append(example)
            groups[group].room -= length
        } else {
            groups.append(([example], budget - length))
        }
    }
    return groups.map(\.examples)
}
