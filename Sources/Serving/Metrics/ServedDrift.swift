/// The mean of the items served lately, to compare with the training data.
///
/// The first 10,000 items count equally. Then each new item has a weight of 1/10,000, so that older ones fade.
struct ServedDrift: Sendable, Equatable {
    /// The number of items that the means remember.
    static let memory = 10_000.0

    /// The share of each label, by id.
    private(set) var labelShares: [Double]
    /// The mean score of the most probable label.
    private(set) var meanConfidence = 0.0
    /// The mean number of tokens.
    private(set) var meanTokens = 0.0
    /// The number of items, at most ``memory``.
    private(set) var items = 0.0

    /// Creates empty means.
    ///
    /// - Parameter labels: The number of labels.
    init(labels: Int) { labelShares = [Double](repeating: 0, count: labels) }

    /// Adds an item.
    ///
    /// - Parameters:
    ///   - labels: The ids of its labels.
    ///   - confidence: The score of its most probable label.
    ///   - tokens: Its number of tokens.
    mutating func add(labels: [Int], confidence: Double, tokens: Int) {
        items = min(items + 1, Self.memory)
        let weight = 1 / items
        for id in labelShares.indices { labelShares[id] -= labelShares[id] * weight }
        for id in labels where labelShares.indices.contains(id) { labelShares[id] += weight }
        meanConfidence += (confidence - meanConfidence) * weight
        meanTokens += (Double(tokens) - meanTokens) * weight
    }
}
