import JSON
import Tokenization

/// A request to `/tokenize`.
///
/// Source: `TokenizeRequest` of text-embeddings-inference 1.9.3 (router/src/http/types.rs:525).
struct TEITokenizeRequest: Sendable, Equatable {
    /// The texts.
    var texts: [String]
    /// Whether to add special tokens around texts.
    var addsSpecialTokens: Bool
    /// The name of a prompt, which no classifier has.
    var promptName: String?

    /// Reads a body.
    ///
    /// - Parameter json: The body.
    /// - Throws: `.wrongShape` with the place of the first fault.
    init(_ json: JSONValue) throws(ServingFault) {
        let fields = try TEIFields(json)
        let expected = "a string or a list of strings"
        let inputs = try fields.required("inputs", expected)
        if let text = inputs.string {
            texts = [text]
        } else {
            texts = inputs.array?.compactMap(\.string) ?? []
            guard texts.count == inputs.array?.count else {
                throw .wrongShape(path: "inputs", expected: expected)
            }
        }
        addsSpecialTokens = try fields.bool("add_special_tokens", missing: true)
        promptName = try fields.optionalString("prompt_name")
    }

    /// Checks the texts.
    ///
    /// - Parameters:
    ///   - limit: The most texts.
    ///   - maxTokens: The most tokens of a text. A text of 250 times as many characters is too long.
    /// - Throws: The first fault.
    func check(limit: Int, maxTokens: Int) throws(TEIError) {
        if texts.isEmpty { throw TEIError(.empty, "`inputs` cannot be empty", failure: .validation) }
        if texts.count > limit { throw TEIError(.tooManyItems(count: texts.count, limit: limit)) }
        let (most, overflows) = maxTokens.multipliedReportingOverflow(by: ServedModel.charactersPerToken)
        for text in texts {
            if text.isEmpty { throw Self.error(.empty, text) }
            if let promptName {
                throw TEIError(
                    .validation,
                    "Input validation error: `default-prompt-name` is set to `\(promptName)` but no prompts "
                        + "were found in the Sentence Transformers configuration",
                    failure: .validation
                )
            }
            if !overflows, text.utf8.count > most, text.unicodeScalars.count > most {
                throw Self.error(.tooManyCharacters(limit: most), text)
            }
        }
    }

    private static func error(_ fault: ItemFault, _ text: String) -> TEIError {
        var error = TEIError(fault, of: .text(text))
        error.failure = FailureReason(fault)
        return error
    }

    /// The tokens of all texts.
    ///
    /// - Parameter tokenizer: The model's tokenizer.
    /// - Returns: A list for each text.
    func tokens(_ tokenizer: Tokenizer) -> JSONValue {
        .array(texts.map { Self.tokens(of: $0, tokenizer.encode($0, addSpecialTokens: addsSpecialTokens)) })
    }

    /// The tokens of a text, each with the UTF-8 bytes that it covers; special tokens cover none.
    ///
    /// Source: `into_tokens` of text-embeddings-inference 1.9.3 (core/src/tokenization.rs:501).
    private static func tokens(of text: String, _ encoding: Encoding) -> JSONValue {
        let bytes = Array(text.utf8)
        return .array(
            encoding.ids.indices.map { index in
                let isSpecial = encoding.specialTokensMask[index]
                let range = encoding.offsets[index].clamped(to: 0..<bytes.count)
                return .object([
                    "id": .int(Int(encoding.ids[index])),
                    "text": .string(
                        isSpecial ? encoding.tokens[index] : String(decoding: bytes[range], as: UTF8.self)
                    ),
                    "special": .bool(isSpecial),
                    "start": isSpecial ? .null : .int(range.lowerBound),
                    "stop": isSpecial ? .null : .int(range.upperBound),
                ])
            }
        )
    }
}

/// A request to `/decode`.
///
/// Source: `DecodeRequest` of text-embeddings-inference 1.9.3 (router/src/http/types.rs:573).
struct TEIDecodeRequest: Sendable, Equatable {
    /// The ids of each text.
    var ids: [[UInt32]]
    /// Whether `ids` was a list of lists.
    var isBatch: Bool
    /// Whether to leave out special tokens.
    var skipsSpecialTokens: Bool

    private static let expected = "a list of token ids or a list of lists of token ids"

    /// Reads a body.
    ///
    /// - Parameter json: The body.
    /// - Throws: `.wrongShape` with the place of the first fault.
    init(_ json: JSONValue) throws(ServingFault) {
        let fields = try TEIFields(json)
        guard let values = try fields.required("ids", Self.expected).array else {
            throw .wrongShape(path: "ids", expected: Self.expected)
        }
        isBatch = values.first?.array != nil
        ids = []
        if isBatch {
            for (index, value) in values.enumerated() {
                ids.append(try Self.ids(value.array, path: "ids[\(index)]"))
            }
        } else {
            ids = [try Self.ids(values, path: "ids")]
        }
        skipsSpecialTokens = try fields.bool("skip_special_tokens", missing: true)
    }

    private static func ids(_ values: [JSONValue]?, path: String) throws(ServingFault) -> [UInt32] {
        let ids = values?.compactMap { value -> UInt32? in
            value.int.flatMap { UInt32(exactly: $0) }
        }
        guard let ids, ids.count == values?.count else { throw .wrongShape(path: path, expected: expected) }
        return ids
    }

    /// Checks the ids.
    ///
    /// - Parameter limit: The most texts.
    /// - Throws: The first fault.
    func check(limit: Int) throws(TEIError) {
        if ids.count > limit { throw TEIError(.tooManyItems(count: ids.count, limit: limit)) }
        if ids.contains(where: \.isEmpty) {
            throw TEIError(
                .empty,
                "Input validation error: `input_ids` cannot be empty",
                failure: .validation
            )
        }
    }

    /// The texts of the ids.
    ///
    /// - Parameter tokenizer: The model's tokenizer. Ids without a token are left out.
    /// - Returns: A list of strings.
    func texts(_ tokenizer: Tokenizer) -> JSONValue {
        .array(
            ids.map { ids in
                let known = ids.compactMap { Int32(exactly: $0) }
                return .string(tokenizer.decode(known, skipSpecialTokens: skipsSpecialTokens))
            }
        )
    }
}
