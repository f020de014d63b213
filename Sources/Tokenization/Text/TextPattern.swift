import JSON

/// The pattern of a `Split` or `Replace` stage.
enum TextPattern: Sendable {
    /// A well-known pattern with a hand-written scanner.
    case words(WordPattern)
    /// Any other regular expression.
    case regex(RegularExpression)
    /// A literal text, not empty.
    case text([UInt8])

    /// Splits a part of a text into matches and the text between them.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - piece: The part of it to search.
    /// - Returns: Stretches that cover the part; matches are delimiters, and may be empty.
    func stretches(in bytes: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>) -> [PieceCutter.Stretch] {
        switch self {
        case .words(let pattern):
            var words: [Range<Int>] = []
            pattern.cut(bytes, piece, into: &words)
            return words.map { PieceCutter.Stretch(range: $0, isDelimiter: true) }
        case .regex(let regex): return regex.stretches(in: bytes, piece)
        case .text(let wanted): return ByteSearch.stretches(of: wanted, in: bytes, piece)
        }
    }

    /// A text with every match replaced.
    func replace(by content: [UInt8], in text: [UInt8]) -> [UInt8] {
        text.withUnsafeBufferPointer { bytes in
            stretches(in: bytes, 0..<bytes.count).flatMap { stretch in
                stretch.isDelimiter ? content : Array(bytes[stretch.range])
            }
        }
    }

    /// Reads `{"String": …}` or `{"Regex": …}`.
    ///
    /// - Parameter json: The object.
    /// - Throws: `.corrupt` or `.unsupported` with the JSON path and the place in the expression.
    init(json: JSONDocument.Value) throws(TokenizerError) {
        if let text = json["String"] {
            let wanted = try text.asUTF8()
            // An empty text matches everywhere, as in tokenizers' engine.
            self = wanted.isEmpty ? .regex(try Self.read("", at: text)) : .text(wanted)
            return
        }
        let regex = try json.required("Regex")
        let pattern = try regex.asString()
        if let known = WordPattern(regex: pattern) {
            self = .words(known)
        } else {
            self = .regex(try Self.read(pattern, at: regex))
        }
    }

    private static func read(
        _ pattern: String,
        at json: JSONDocument.Value
    ) throws(TokenizerError) -> RegularExpression {
        do throws(RegexFault) {
            return try RegularExpression(pattern)
        } catch {
            throw json.fault(
                "the regular expression cannot be used: at character \(error.offset + 1), \(error.reason).",
                error.isUnsupported ? .unsupported : .corrupt
            )
        }
    }
}
