extension ThresholdGoal {
    /// Reads `f1`, `fbeta:2`, `precision:0.9`, `precision:0.9:lower` or `recall:0.95`; nil for anything else.
    ///
    /// - Parameter text: The goal, as typed.
    public init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let number = parts.count > 1 ? Double(parts[1]) : nil
        let isShare = number.map { $0 > 0 && $0 <= 1 } ?? false
        switch (parts[0], parts.count) {
        case ("f1", 1): self = .fScore(beta: 1)
        case ("fbeta", 2):
            guard let number, number > 0, number.isFinite else { return nil }
            self = .fScore(beta: number)
        case ("precision", 2), ("precision", 3):
            guard let number, isShare, parts.count == 2 || parts[2] == "lower" else { return nil }
            self = .precision(number, byLowerEnd: parts.count == 3)
        case ("recall", 2):
            guard let number, isShare else { return nil }
            self = .recall(number)
        default: return nil
        }
    }

    /// The goal as it is typed.
    public var text: String {
        switch self {
        case .fScore(beta: 1): "f1"
        case .fScore(let beta): "fbeta:\(beta)"
        case .precision(let target, let byLowerEnd): "precision:\(target)" + (byLowerEnd ? ":lower" : "")
        case .recall(let target): "recall:\(target)"
        }
    }
}
