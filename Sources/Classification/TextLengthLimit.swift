import Files
public import Models

/// How many tokens of a text a model sees, and what decides it.
///
/// This is the one place that computes it. The length that was asked for counts, else the tokenizer's `model_max_length`
/// as in transformers; the model's positions are a limit to both. A length of one's own may exceed the tokenizer's: there
/// it is a default, not a limit.
public struct TextLengthLimit: Sendable, Equatable {
    /// What decides the length.
    public enum Reason: Sendable, Equatable {
        /// The length that was asked for.
        case requested
        /// `model_max_length` of the tokenizer's settings.
        case tokenizer
        /// The model's positions.
        case positions(PositionLimit)
    }

    /// Tokens of a text at the most, special tokens included; nil if nothing limits them.
    public let tokens: Int?
    /// What decides the length; nil if nothing limits it.
    public let reason: Reason?
    /// The length that was asked for.
    public let requested: Int?

    /// Decides the length.
    ///
    /// - Parameters:
    ///   - requested: What was asked for.
    ///   - tokenizer: The tokenizer's `model_max_length`.
    ///   - positions: What the model's positions are made for.
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

    /// Whether fewer tokens are seen than were asked for.
    public var isCutDown: Bool {
        guard let requested, let tokens else { return false }
        return tokens < requested
    }

    /// What to tell a person: that the length asked for was cut down, and why; nil if it was not.
    public var note: String? {
        guard isCutDown, let requested, let tokens, let explanation else { return nil }
        return
            "a maximum length of \(requested) was asked for, and texts are cut at \(counted(tokens, "token")): \(explanation)"
    }

    /// What decides the length, for the end of a sentence; nil if nothing limits it, or if it is as asked for.
    public var explanation: String? {
        switch reason {
        case nil, .requested: nil
        case .tokenizer: "model_max_length of the tokenizer is \(tokens ?? 0)"
        case .positions(let limit): limit.explanation
        }
    }

    /// What to tell a person of texts that were cut; nil if none was.
    ///
    /// - Parameters:
    ///   - count: How many were cut.
    ///   - total: How many there are.
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
