import Classification
import Files
import NN

// Splits a step's examples into micro-batches.
extension Trainer {
    /// The micro-batches of a step, limited by tokens or by number of examples in their order.
    ///
    /// A step's loss and gradients do not depend on its micro-batches, and fewer are faster. So with accumulation the examples
    /// are repacked if that gives fewer micro-batches, each with at most as many tokens as the longest texts would have together, or
    /// as fit into memory anyway.
    func microBatches(of window: ArraySlice<Int>) -> [ArraySlice<Int>] {
        let size = arguments.perDeviceTrainBatchSize
        let asGiven = stride(from: window.startIndex, to: window.endIndex, by: size).map {
            window[$0..<min(window.endIndex, $0 + size)]
        }
        guard let budget = tokenBudget else { return asGiven }
        let groups = packed(window, within: budget, length: train.length).map { $0[...] }
        return arguments.maxTokensPerBatch != nil || groups.count < asGiven.count ? groups : asGiven
    }

    /// The maximum number of tokens of a micro-batch: the given number; or the total of the longest texts, or, if that is more, as
    /// many as need no more memory.
    ///
    /// Nil if micro-batches are not repacked: a step is one micro-batch, or transformers' inexact loss depends on them.
    ///
    /// - Parameters:
    ///   - arguments: The run's settings.
    ///   - examples: The training texts.
    ///   - parameters: The model's parameters.
    /// - Returns: The number of tokens, or nil.
    static func tokenBudget(
        _ arguments: TrainingArguments,
        _ examples: EncodedExamples,
        _ parameters: [Parameter]
    ) -> Int? {
        if let budget = arguments.maxTokensPerBatch { return budget }
        guard arguments.gradientAccumulationSteps > 1, !arguments.hfCompatGradientAccumulation else {
            return nil
        }
        let lengths = (0..<examples.count).map(examples.length).sorted(by: >)
        let longest = lengths.prefix(arguments.perDeviceTrainBatchSize).reduce(0, +)
        return max(longest, tokensBesideGradients(arguments, parameters))
    }

    /// The number of tokens whose activations need no more memory than the gradients that replace them in the backward pass.
    ///
    /// So one micro-batch takes no more memory than several: those after the first need theirs in addition to all gradients.
    /// Activations of a block grow with tokens × width, its gradients with width². The factor is an estimate from SmolLM2-135M.
    private static func tokensBesideGradients(
        _ arguments: TrainingArguments,
        _ parameters: [Parameter]
    ) -> Int {
        func count(_ parameters: [Parameter]) -> Int { parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } }
        let blocks = parameters.filter { $0.block != nil }
        let holdsGradients = !arguments.optimizerInBackward && !arguments.dividesWeights
        guard holdsGradients, count(blocks.filter(\.isTrainable)) * 10 >= count(blocks) * 9,
            let width = parameters.first(where: { $0.role == .embedding })?.shape.last
        else { return 0 }
        return width * 3 / 4
    }

    /// Checks that each text fits into one micro-batch.
    static func requireBudget(_ budget: Int?, for examples: EncodedExamples) throws(TrainingError) {
        guard let budget,
            let longest = (0..<examples.count).max(by: { examples.length(of: $0) < examples.length(of: $1) }),
            examples.length(of: longest) > budget
        else { return }
        let length = examples.length(of: longest)
        throw TrainingError(
            .badArgument,
            "--max-tokens-per-batch \(budget) is too small for text \(longest) with \(counted(length, "token")); give at least "
                + "\(length), or cut texts with --max-length \(budget)"
        )
    }
}

/// Packs examples into few groups with a limited number of tokens: longest first, each into the first group with room.
///
/// - Parameters:
///   - examples: The examples to pack.
///   - budget: The maximum tokens of a group; no example has more.
///   - length: Returns the number of tokens of an example.
/// - Returns: Groups of examples by descending length; examples of equal length stay in the given order.
///
/// Source: first-fit decreasing, Johnson 1973: at most 11/9 of the minimum number of groups, plus one.
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
