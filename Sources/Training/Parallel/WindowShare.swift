/// Divides the examples of a step among the ranks of a group.
///
/// A step's loss and gradients do not depend on the division, except for transformers' inexact loss.
struct WindowShare: Sendable, Equatable {
    /// The number of ranks.
    let size: Int
    /// The examples of accelerate's batches, which are dealt to the ranks in turn; nil balances tokens.
    let batchSize: Int?

    /// Creates a division.
    ///
    /// - Parameters:
    ///   - size: The number of ranks.
    ///   - arguments: The training arguments: transformers' inexact loss depends on accelerate's batches.
    init(among size: Int, _ arguments: TrainingArguments) {
        self.size = size
        batchSize = arguments.hfCompatGradientAccumulation ? arguments.perDeviceTrainBatchSize : nil
    }

    /// Fills accelerate's last batches of an epoch with its first examples, so that all ranks get equal batches.
    ///
    /// - Parameters:
    ///   - window: The examples of a step.
    ///   - order: All examples of the epoch.
    /// - Returns: The window as it is if tokens are balanced.
    ///
    /// Source: accelerate's `BatchSamplerShard` with `even_batches` (data_loader.py:213-271).
    func completed(_ window: ArraySlice<Int>, of order: [Int]) -> ArraySlice<Int> {
        guard let batchSize, !window.isEmpty else { return window }
        let whole = batchSize * size
        let missing = (whole - window.count % whole) % whole
        return window + (window.endIndex..<window.endIndex + missing).map { order[$0 % order.count] }
    }

    /// Divides a window.
    ///
    /// - Parameter lengths: The number of tokens of each example of the window.
    /// - Returns: The places in the window for each rank, ascending; a rank may get none.
    func places(_ lengths: [Int]) -> [[Int]] {
        if let batchSize { return inTurn(lengths.count, batchSize) }
        return balanced(lengths)
    }

    /// Batch after batch, each to the next rank.
    private func inTurn(_ count: Int, _ batchSize: Int) -> [[Int]] {
        var shares = [[Int]](repeating: [], count: size)
        for place in 0..<count { shares[place / batchSize % size].append(place) }
        return shares
    }

    /// Longest first, each to the rank with the fewest tokens among those with room: all have room for equally many examples.
    ///
    /// Source: longest processing time first, Graham 1969.
    private func balanced(_ lengths: [Int]) -> [[Int]] {
        let room = (lengths.count + size - 1) / size
        var shares = [(places: [Int], tokens: Int)](repeating: ([], 0), count: size)
        let longestFirst = lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
        for place in longestFirst {
            let free = shares.indices.filter { shares[$0].places.count < room }
            guard let rank = free.min(by: { shares[$0].tokens < shares[$1].tokens }) else { continue }
            shares[rank].places.append(place)
            shares[rank].tokens += lengths[place]
        }
        return shares.map { $0.places.sorted() }
    }
}
