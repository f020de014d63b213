/// The text length that a model's positions support, and the origin of the limit.
public struct PositionLimit: Sendable, Equatable {
    /// The origin of the limit.
    public enum Kind: Sendable, Equatable {
        /// A table with one learned row per position, which cannot be exceeded.
        case table
        /// Computed positions with the length stated in `config.json`.
        case stated
        /// Rotary positions with scaled frequencies: the type, the factor, and the original length.
        case stretched(type: String, factor: Double, original: Int)
    }

    /// The maximum number of tokens per text, including special tokens.
    public var tokens: Int
    /// The origin of the limit.
    public var kind: Kind

    /// Creates a limit.
    ///
    /// - Parameters:
    ///   - tokens: The maximum number of tokens per text.
    ///   - kind: The origin of the limit.
    public init(tokens: Int, kind: Kind) {
        self.tokens = tokens
        self.kind = kind
    }

    /// The limit as a clause, for example `the model's table has 512 positions`.
    public var explanation: String {
        switch kind {
        case .table: "the model's table has \(tokens) position\(tokens == 1 ? "" : "s")"
        case .stated: "the model supports \(tokens) positions (max_position_embeddings)"
        case .stretched(let type, let factor, let original):
            "the model supports \(tokens) positions (\(original), scaled by \(shortest(factor)) with \(type) rope)"
        }
    }

    private func shortest(_ factor: Double) -> String {
        factor == factor.rounded() && abs(factor) < 1e9 ? "\(Int(factor))" : "\(factor)"
    }
}
