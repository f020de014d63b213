import Files
public import Models

/// The most tokens of a text that a model reads, and the reason for the limit.
///
/// All length limits are computed here. A requested length is used if given, else the tokenizer's `model_max_length`
/// as in transformers. The model's positions limit both. A requested length may exceed the tokenizer's, which is
/// a default, not a limit.
public struct TextLengthLimit: Sendable, Equatable {
    /// The reason for the length.
    public enum Reason: Sendable, Equatable {
        /// The requested length.
        case requested
        /// `model_max_length` of the tokenizer's settings.
        case tokenizer
        /// The model's positions.
        case positions(PositionLimit)
    }

    /// The most tokens of a text, including special tokens; nil if unlimited.
    public let tokens: Int?
    /// The reason for the length; nil if unlimited.
    public let reason: Reason?
    /// The requested length.
    public let requested: Int?

    /// Computes the limit.
    ///
    /// - Parameters:
    ///   - requested: The requested length.
    ///   - tokenizer: The tokenizer's `model_max_length`.
    ///   - positions: The limit of the model's positions.
    public init(requested: Int?, tokenizer: Int?, positions: PositionLimit?) {
        self.requested = requested
        var chosen: (Int, Reason)?
        if let requested {
            chosen = (requested, .requested)
        } else if let tokenizer {
            chosen = (tokenizer, .tokenizer)
        }
        if let positions, positions.tokens < chosen?.0 ?? .max {
            chosen = (positions.tokens, .positions(positions))
        }
        tokens = chosen?.0
        reason = chosen?.1
    }

    /// Whether fewer tokens are read than were requested.
    public var isCutDown: Bool {
        guard let requested, let tokens else { return false }
        return tokens < requested
    }

    /// A note that the requested length was reduced, and the reason; nil if it was not.
    public var note: String? {
        guard isCutDown, let requested, let tokens, let explanation else { return nil }
        return
            "a maximum length of \(requested) was requested, but texts are cut at \(counted(tokens, "token")): \(explanation)"
    }

    /// The reason for the length, for the end of a sentence; nil if unlimited or as requested.
    public var explanation: String? {
        switch reason {
        case nil, .requested: nil
        case .tokenizer: "model_max_length of the tokenizer is \(tokens ?? 0)"
        case .positions(let limit): limit.explanation
        }
    }

    /// A note on the number of truncated texts; nil if there are none.
    ///
    /// - Parameters:
    ///   - count: The number of truncated texts.
    ///   - total: The number of all texts.
    /// - Returns: `3 of 40 texts are longer than 512 tokens and were cut: the model's table has 512 positions`.
    public func cutNote(_ count: Int, of total: Int) -> String? {
        guard count > 0, let tokens else { return nil }
        let were =
            count == 1
            ? "is longer than \(counted(tokens, "token")) and was"
            : "are longer than \(counted(tokens, "token")) and were"
        return "\(count) of \(total) text\(total == 1 ? "" : "s") \(were) cut"
            + (explanation.map { ": \($0)" } ?? "")
    }
}
