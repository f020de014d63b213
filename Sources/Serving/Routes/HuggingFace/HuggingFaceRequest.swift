import JSON

/// A request of Hugging Face's inference clients.
///
/// Source: `text_classification` of huggingface_hub (inference/_client.py:1892); `pipelines/text_classification.py` of
/// transformers 5.23.
struct HuggingFaceRequest: Sendable, Equatable {
    /// The texts and pairs, in order, at least one.
    var inputs: [ServedInput]
    /// The most labels of a text; nil for all.
    var topK: Int?
    /// The function from logits to scores; nil for the model's own.
    var function: HuggingFaceFunction?
    /// Whether longer texts are cut; nil for the server's choice.
    var truncates: Bool?
    /// The most tokens of a text; nil for the model's limit.
    var maxTokens: Int?

    private static let expected =
        #"a string, an object {"text", "text_pair"}, or a list of these"#

    /// Reads a body.
    ///
    /// A list in `inputs` is a batch. A pair is an object with `text` and `text_pair`.
    ///
    /// - Parameter json: The body.
    /// - Throws: `.wrongShape` with the place of the first fault.
    init(_ json: JSONValue) throws(ServingFault) {
        guard case .object(let object) = json else {
            throw .wrongShape(path: "the body", expected: #"an object {"inputs", "parameters"}"#)
        }
        inputs = []
        switch object["inputs"] {
        case .array(let values):
            guard !values.isEmpty else {
                throw .wrongShape(path: "inputs", expected: Self.expected + " with at least one element")
            }
            inputs.reserveCapacity(values.count)
            for (index, value) in values.enumerated() {
                inputs.append(try Self.input(value, path: "inputs[\(index)]"))
            }
        case let value: inputs = [try Self.input(value, path: "inputs")]
        }
        try read(object["parameters"])
    }

    private static func input(_ json: JSONValue, path: String) throws(ServingFault) -> ServedInput {
        switch json {
        case .string(let text): return .text(text)
        case .object(let object):
            guard let text = object["text"].string else {
                throw .wrongShape(path: path + ".text", expected: "a string")
            }
            switch object["text_pair"] {
            case .null: return .text(text)
            case .string(let second): return .pair(text, second)
            default: throw .wrongShape(path: path + ".text_pair", expected: "a string or null")
            }
        case .array:
            throw .wrongShape(path: path, expected: expected + #"; write a pair as {"text", "text_pair"}"#)
        default: throw .wrongShape(path: path, expected: expected)
        }
    }

    /// Reads `parameters`; unknown ones are ignored.
    private mutating func read(_ json: JSONValue) throws(ServingFault) {
        let parameters: JSONObject
        switch json {
        case .null: return
        case .object(let object): parameters = object
        default: throw .wrongShape(path: "parameters", expected: "an object or null")
        }
        topK = try Self.count(parameters["top_k"], "top_k")
        maxTokens = try Self.count(parameters["max_length"], "max_length")
        switch parameters["function_to_apply"] {
        case .null: break
        case let value:
            function = value.string.flatMap { HuggingFaceFunction(rawValue: $0.lowercased()) }
            guard function != nil else {
                throw .wrongShape(
                    path: "parameters.function_to_apply",
                    expected: #"one of "sigmoid", "softmax", "none", or null"#
                )
            }
        }
        truncates = try Self.truncation(parameters["truncation"])
    }

    private static func count(_ json: JSONValue, _ name: String) throws(ServingFault) -> Int? {
        if case .null = json { return nil }
        guard let count = json.int, 1...ClassifyOptions.largest ~= count else {
            throw .wrongShape(
                path: "parameters.\(name)",
                expected: "a whole number from 1 to \(ClassifyOptions.largest), or null"
            )
        }
        return count
    }

    /// Reads `truncation`: a Boolean, or the name of a strategy of transformers.
    private static func truncation(_ json: JSONValue) throws(ServingFault) -> Bool? {
        switch json {
        case .null: return nil
        case .bool(let value): return value
        case .string("do_not_truncate"): return false
        case .string("longest_first"), .string("only_first"): return true
        default:
            throw .wrongShape(
                path: "parameters.truncation",
                expected: #"true, false, "longest_first", "only_first", "do_not_truncate" or null"#
            )
        }
    }

    /// The items to classify.
    ///
    /// - Parameter autoTruncate: Whether longer texts are cut unless the request says otherwise.
    /// - Returns: One item per input.
    func items(autoTruncate: Bool) -> [ServedItem] {
        inputs.map { input in
            var item = ServedItem(input)
            // As in transformers' tokenizers: a length alone cuts, and without cutting it has no effect.
            item.truncates = truncates ?? (maxTokens != nil || autoTruncate)
            item.refusesEmpty = true
            item.maxTokens = item.truncates ? maxTokens : nil
            return item
        }
    }
}
