import JSON
import Tokenization

/// The options of a classification, which apply to all items of a request.
struct ClassifyOptions: Sendable, Equatable {
    /// The number of labels in `scores`; nil for all.
    var topK: Int?
    /// Whether the model's decisions (calibration, thresholds, sets) are ignored.
    var isRaw = false
    /// Whether the answer has the logits.
    var hasLogits = false
    /// Whether longer texts are truncated; nil takes the server's choice.
    var truncates: Bool?
    /// The part of a longer text that is read; nil takes the model's choice.
    var longText: LongText?
    /// The most tokens of a text; nil takes the model's limit.
    var maxTokens: Int?

    /// The names in a request's body and in the query of a stream of lines.
    static let names = ["top_k", "raw", "logits", "truncate", "long_text", "max_tokens"]

    /// The largest accepted number.
    static let largest = 1_000_000_000

    /// Creates the default options.
    init() {}

    /// Reads options from the members of a body.
    ///
    /// - Parameter fields: The members.
    /// - Throws: `.wrongShape` naming the member.
    init(_ fields: BodyFields) throws(ServingFault) {
        topK = try fields.integer("top_k", 1...Self.largest)
        isRaw = try fields.flag("raw") ?? false
        hasLogits = try fields.flag("logits") ?? false
        truncates = try fields.flag("truncate")
        maxTokens = try fields.integer("max_tokens", 1...Self.largest)
        if let text = try fields.text("long_text") {
            guard let choice = LongText(text) else { throw fields.fault("long_text", LongText.words) }
            longText = choice
        }
    }

    /// An input with these options.
    ///
    /// - Parameters:
    ///   - input: The text, pair or token ids.
    ///   - autoTruncate: Whether longer texts are truncated if the request does not say so.
    /// - Returns: The item for the service.
    func item(_ input: ServedInput, autoTruncate: Bool) -> ServedItem {
        var item = ServedItem(input)
        item.truncates = truncates ?? autoTruncate
        item.longText = longText
        item.maxTokens = maxTokens
        return item
    }
}
