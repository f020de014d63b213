import JSON

/// The texts of a request to `/predict`: one input, or a batch.
///
/// A list of two strings is one pair, not a batch. A batch is a list of lists.
///
/// Source: `PredictInput` of text-embeddings-inference 1.9.3 (router/src/http/types.rs:35).
struct TEIInputs: Sendable, Equatable {
    /// The accepted forms, for messages.
    static let expected =
        "a string, a pair of strings [string, string] or a batch of mixed strings and pairs "
        + "[[string], [string, string], ...]"

    /// The texts and pairs, in order, at least one.
    var inputs: [ServedInput]
    /// Whether the answer is a list of lists.
    var isBatch: Bool

    /// Reads the field `inputs`.
    ///
    /// - Parameter json: The field's value.
    /// - Throws: `.wrongShape` for any other form, with the place of the first fault.
    init(_ json: JSONValue) throws(ServingFault) {
        if case .string(let text) = json {
            (inputs, isBatch) = ([.text(text)], false)
            return
        }
        guard let values = json.array, let first = values.first else {
            throw .wrongShape(path: "inputs", expected: Self.expected)
        }
        if case .string = first {
            (inputs, isBatch) = ([try Self.input(values, path: "inputs")], false)
            return
        }
        (inputs, isBatch) = ([], true)
        inputs.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            let path = "inputs[\(index)]"
            guard let texts = value.array else { throw .wrongShape(path: path, expected: Self.expected) }
            inputs.append(try Self.input(texts, path: path))
        }
    }

    /// Reads a list of one or two strings.
    private static func input(_ values: [JSONValue], path: String) throws(ServingFault) -> ServedInput {
        let texts = values.compactMap(\.string)
        guard texts.count == values.count, (1...2).contains(texts.count) else {
            throw .wrongShape(path: path, expected: expected)
        }
        return texts.count == 1 ? .text(texts[0]) : .pair(texts[0], texts[1])
    }

    /// The number of characters of all texts, as Rust counts them.
    var characterCount: Int { inputs.reduce(0) { $0 + $1.characterCount } }
}

extension ServedInput {
    /// The number of Unicode scalars of the texts; for ids, their number.
    var characterCount: Int {
        switch self {
        case .text(let text): text.unicodeScalars.count
        case .pair(let first, let second): first.unicodeScalars.count + second.unicodeScalars.count
        case .ids(let ids): ids.count
        }
    }
}
