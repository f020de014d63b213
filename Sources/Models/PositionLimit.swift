/// How many tokens of a text a model's positions are made for, and what says so.
public struct PositionLimit: Sendable, Equatable {
    /// What sets the limit.
    public enum Kind: Sendable, Equatable {
        /// A table with a learned row for each position: there are no more.
        case table
        /// Positions that are computed; `config.json` says what the model was made for.
        case stated
        /// Rotary positions whose frequencies are stretched: the type, the factor, and the length before stretching.
        case stretched(type: String, factor: Double, original: Int)
    }

    /// Tokens of a text at the most, special tokens included.
    public var tokens: Int
    /// What sets the limit.
    public var kind: Kind

    /// A limit.
    ///
    /// - Parameters:
    ///   - tokens: Of a text at the most.
    ///   - kind: What sets it.
    public init(tokens: Int, kind: Kind) {
        self.tokens = tokens
        self.kind = kind
    }

    /// The limit in words, for the end of a sentence: `the model's table has 512 positions`.
    public var explanation: String {
        switch kind {
        case .table: "the model's table has \(tokens) position\(tokens == 1 ? "" : "s")"
        case .stated: "the model was made for \(tokens) positions (max_position_embeddings)"
        case .stretched(let type, let factor, let original):
            "the model was made for \(tokens) positions (\(original), stretched \(shortest(factor)) times by \(type) rope)"
        }
    }

    private func shortest(_ factor: Double) -> String {
        factor == factor.rounded() && abs(factor) < 1e9 ? "\(Int(factor))" : "\(factor)"
    }
}
