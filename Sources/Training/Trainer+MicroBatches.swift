import Classification

// How a step's examples are cut into what goes through the model at once.
extension Trainer {
    /// The micro-batches of a step: of so many examples in their order, or of so many tokens at the most.
    func microBatches(of window: ArraySlice<Int>) -> [ArraySlice<Int>] {
        if let budget = arguments.maxTokensPerBatch {
            return packed(window, within: budget, length: train.length).map { $0[...] }
        }
        let size = arguments.perDeviceTrainBatchSize
        return stride(from: window.startIndex, to: window.endIndex, by: size).map {
            window[$0..<min(window.endIndex, $0 + size)]
        }
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
            "--max-tokens-per-batch \(budget) has no room for text \(longest) of \(length) tokens; give \(length) or "
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
