/// How much each token of a text adds to the logit of a label, by gradient × input.
///
/// A score is the gradient of the logit with respect to the token's embedding, multiplied by that embedding: to first order, the
/// change of the logit if the embedding grew, so its sign shows whether the token speaks for or against the label. Scores do not
/// add up to the logit.
///
/// Source: Shrikumar et al. 2016, "Not Just a Black Box: Learning Important Features Through Propagating Activation
/// Differences" (https://arxiv.org/abs/1605.01713), section 2.
public struct Attribution: Sendable, Equatable {
    /// A token and its score.
    public struct Token: Sendable, Equatable {
        /// The part of the text that the token covers, which is empty for a trimmed space; for a special token, its name in the
        /// vocabulary.
        public var text: String
        /// The first of the text's UTF-8 bytes that the token covers; 0 for a special token.
        public var start: Int
        /// The end of these bytes; 0 for a special token.
        public var end: Int
        /// Whether the tokenizer added the token, such as [CLS].
        public var isSpecial: Bool
        /// The score; above 0 if the token speaks for the label.
        public var score: Double

        /// Creates a token.
        ///
        /// - Parameters:
        ///   - text: The part of the text that the token covers, or the name of a special token.
        ///   - start: The first of the text's UTF-8 bytes that it covers.
        ///   - end: The end of these bytes.
        ///   - isSpecial: Whether the tokenizer added it.
        ///   - score: Its score.
        public init(text: String, start: Int, end: Int, isSpecial: Bool = false, score: Double) {
            self.text = text
            self.start = start
            self.end = end
            self.isSpecial = isSpecial
            self.score = score
        }
    }

    /// The label's id.
    public var label: Int
    /// The label's logit.
    public var logit: Double
    /// The tokens in the order in which the model reads them.
    ///
    /// Tokens of the same character cover the same bytes. If the text is read in windows, a token occurs in each window that
    /// contains it, with its score in that window.
    public var tokens: [Token]
    /// Whether part of the text was cut off, so that it has no tokens.
    public var isTruncated: Bool

    /// Creates an attribution.
    ///
    /// - Parameters:
    ///   - label: The label's id.
    ///   - logit: The label's logit.
    ///   - tokens: The tokens in the order in which the model reads them.
    ///   - isTruncated: Whether part of the text was cut off.
    public init(label: Int, logit: Double, tokens: [Token], isTruncated: Bool = false) {
        self.label = label
        self.logit = logit
        self.tokens = tokens
        self.isTruncated = isTruncated
    }
}
