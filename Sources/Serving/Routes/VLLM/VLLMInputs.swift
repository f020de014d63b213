import JSON
import Tokenization

/// The members that vLLM's `/classify` and `/pooling` share.
///
/// Unknown members are ignored, as vLLM does.
///
/// Source: `vllm/entrypoints/pooling/base/protocol.py`.
struct VLLMInputs: Sendable, Equatable {
    /// The name of the model; nil for the default one.
    var model: String?
    /// The inputs, in order.
    var inputs: [ServedInput]
    /// The most tokens of a text, -1 for the model's limit; nil refuses longer texts.
    var truncation: Int?
    /// The end that is cut; nil for the model's own.
    var side: Truncation.Side?
    /// Whether special tokens are added around a text.
    var addsSpecialTokens: Bool
    /// Whether probabilities are given, and not logits.
    var usesActivation: Bool
    /// The caller's identification of the request.
    var requestID: String?

    private static let expected = "a string, a list of strings, a list of token ids or a list of such lists"

    /// Reads the members.
    ///
    /// - Parameters:
    ///   - fields: The body.
    ///   - maxItems: The most inputs.
    /// - Throws: `.wrongShape` or `.tooManyItems`.
    init(_ fields: BodyFields, maxItems: Int) throws(ServingFault) {
        model = try fields.text("model")
        guard !fields.has("messages") else {
            throw fields.fault(
                "messages",
                "absent, because a classifier has no chat template; send the text as input"
            )
        }
        inputs = try Self.inputs(fields)
        guard inputs.count <= maxItems else { throw .tooManyItems(count: inputs.count, limit: maxItems) }
        truncation = try fields.integer("truncate_prompt_tokens", -1...ClassifyOptions.largest)
        guard truncation != 0 else {
            throw fields.fault("truncate_prompt_tokens", "-1 for the model's limit, or at least 1")
        }
        let sides: [String: Truncation.Side] = ["left": .left, "right": .right]
        side = try fields.word("truncation_side", of: ["left", "right"]).flatMap { sides[$0] }
        addsSpecialTokens = try fields.flag("add_special_tokens") ?? true
        usesActivation = try fields.flag("use_activation") ?? true
        requestID = try fields.text("request_id")
    }

    private static func inputs(_ fields: BodyFields) throws(ServingFault) -> [ServedInput] {
        let input = fields["input"]
        if let text = input.string { return [.text(text)] }
        guard let values = input.array, let first = values.first else {
            throw fields.fault("input", expected)
        }
        if case .number = first { return [.ids(try BodyFields.ids(values, path: "input"))] }
        var inputs: [ServedInput] = []
        inputs.reserveCapacity(values.count)
        let areTexts = first.string != nil
        for (index, value) in values.enumerated() {
            if areTexts, let text = value.string {
                inputs.append(.text(text))
            } else if !areTexts, let ids = value.array {
                inputs.append(.ids(try BodyFields.ids(ids, path: "input[\(index)]")))
            } else {
                throw .wrongShape(
                    path: "input[\(index)]",
                    expected: areTexts ? "a string" : "a list of token ids"
                )
            }
        }
        return inputs
    }

    /// The items for the service.
    ///
    /// - Parameter accepted: The numbers of tokens that texts may be truncated to.
    /// - Returns: One item for each input.
    /// - Throws: `.wrongShape` if texts shall be truncated to another number.
    func items(_ accepted: ClosedRange<Int>) throws(ServingFault) -> [ServedItem] {
        if let truncation, truncation > 0, !accepted.contains(truncation) {
            throw .wrongShape(
                path: "truncate_prompt_tokens",
                expected:
                    "-1 for the model's limit, or a number from \(accepted.lowerBound), so that a token fits besides "
                    + "special ones, to \(accepted.upperBound), the most that the model reads"
            )
        }
        return inputs.map { input in
            var item = ServedItem(input)
            item.refusesEmpty = true
            item.truncates = truncation != nil
            item.maxTokens = truncation.flatMap { $0 > 0 ? $0 : nil }
            item.side = side
            item.addsSpecialTokens = addsSpecialTokens
            return item
        }
    }
}
